/* A summary that is not UTF-8. */
#define SUMMARY "caf\xe9"
#include "plugin.h"
