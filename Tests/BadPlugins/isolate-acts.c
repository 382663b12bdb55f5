/* Does to its worker process what its parameter "note" names. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#define DECLARED_STATS (1ull << 3)
static char act[64];
static int is(const char *name) { return strcmp(act, name) == 0; }

/* A process that holds all descriptors of this one and does not end. */
static void leave_child(void) {
  if (fork() != 0) return;
  signal(SIGTERM, SIG_IGN);
  for (;;) pause();
}

/* Opens every file without a name that this process has once more and fills what it holds. */
static void overwrite(void) {
  DIR *folder = opendir("/proc/self/fd");
  char path[64], target[512], junk[4096];
  memset(junk, 0x41, sizeof junk);
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    const int number = atoi(entry->d_name);
    if (number < 5) continue;
    snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    if (strstr(target, "(deleted)") == NULL) continue;
    const int again = open(path, O_RDWR);
    const off_t size = again < 0 ? 0 : lseek(again, 0, SEEK_END);
    for (off_t at = 0; at < size; at += (off_t)sizeof junk)
      if (pwrite(again, junk, sizeof junk, at) < 0) break;
    if (again >= 0) close(again);
  }
}
#define CREATE                                                                              \
  the_instance.destroy = end;                                                               \
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS);            \
  const char *note = "";                                                                    \
  if (params->get_text(host, "note", &note) == LATHE_OK) strncpy(act, note, sizeof act - 1); \
  if (is("child")) leave_child();
#define PLAN                                                                                \
  if (is("many-requests")) return ask(host);
#define COMPRESS                                                     \
  if (is("cut-page")) {                                              \
    if (ftruncate(4, 0) == 0) for (;;) pause();                      \
    return host->fail(host, LATHE_ERR_INTERNAL, "the page cannot be cut off"); \
  }                                                                  \
  if (is("overwrite") && block == 1) overwrite();                    \
  if (is("overwrite") && block >= 0) return fill(host, (lathe_node)(7 * block), 0, 2.0f); \
  if (is("child-crash")) {                                           \
    leave_child();                                                   \
    *(volatile int *)NULL = 1;                                       \
  }                                                                  \
  if (is("half-socket")) {                                           \
    shutdown(3, SHUT_WR);                                            \
    for (;;) pause();                                                \
  }                                                                  \
  if (is("says-cancelled")) return LATHE_ERR_CANCELLED;              \
  if (is("long-message")) {                                          \
    const uint32_t length = 1u << 30;                                \
    if (write(3, &length, 4) == 4) for (;;) pause();                 \
  }
#include <lathe.h>
static lathe_status ask(const lathe_host *host) {
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION);
  for (uint32_t rows = 1; rows <= 100000; rows++) {
    lathe_stat_request request = {0};
    request.struct_size = sizeof request;
    request.kind = LATHE_STAT_INPUT_SAMPLE;
    request.max_rows = rows;
    const lathe_status status = calibration->request(host, &request);
    if (status != LATHE_OK) return status;
  }
  return LATHE_OK;
}
static void end(lathe_instance *instance) {
  (void)instance;
  if (is("exit-in-destroy")) exit(0);
  while (is("hang-in-destroy")) pause();
}
#include "plugin.h"
