/* Leaves a thread behind. */
/* flags: -pthread */
#define GLOBALS \
  static void *wait(void *nothing) { \
    usleep(200000); \
    return nothing; \
  } \
  static int started;
#define ON_DONE \
  pthread_t thread; \
  if (started++ < 2 && pthread_create(&thread, NULL, wait, NULL) == 0) pthread_detach(thread);
#include "base.h"
