/* Writes its parameter "note" into the socket of its worker process, as a message of the worker: in plan where it
 * begins with p, else in the first compress. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#define DECLARED_STATS (1ull << 1 | 1ull << 3 | 1ull << 5 | 1ull << 10)
static char forged[4096];
static void send_forged(char phase) {
  if (forged[0] != phase) return;
  const uint32_t length = (uint32_t)strlen(forged + 1);
  if (write(3, &length, 4) != 4 || write(3, forged + 1, length) != (ssize_t)length) _exit(9);
}
#define CREATE                                                                 \
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS); \
  const char *note = "";                                                       \
  if (params->get_text(host, "note", &note) == LATHE_OK) strncpy(forged, note, sizeof forged - 1);
#define PLAN send_forged('p');
#define COMPRESS send_forged('c');
#include "plugin.h"
