#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int worker_memory_file(void) { return memfd_create("lathe", MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int worker_seal_size(int descriptor) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

int worker_has_ended(pid_t process) {
  siginfo_t end = {0};
  if (waitid(P_PID, (id_t)process, &end, WEXITED | WNOHANG | WNOWAIT) != 0) return errno != EINTR;
  return end.si_pid == process;
}

int worker_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int worker_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

worker_page *worker_page_map(int descriptor) {
  void *page = mmap(NULL, sizeof(worker_page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return page == MAP_FAILED ? NULL : page;
}

void worker_page_unmap(worker_page *page) { munmap(page, sizeof(worker_page)); }

void worker_beat(worker_page *page) { __atomic_fetch_add(&page->beats, 1, __ATOMIC_RELAXED); }
void worker_busy_add(worker_page *page, int32_t change) {
  __atomic_fetch_add(&page->busy, change, __ATOMIC_RELAXED);
}
void worker_cancel(worker_page *page) { __atomic_store_n(&page->cancelled, 1, __ATOMIC_RELAXED); }
uint64_t worker_beats(const worker_page *page) { return __atomic_load_n(&page->beats, __ATOMIC_RELAXED); }
int32_t worker_busy(const worker_page *page) { return __atomic_load_n(&page->busy, __ATOMIC_RELAXED); }
int32_t worker_is_cancelled(const worker_page *page) {
  return __atomic_load_n(&page->cancelled, __ATOMIC_RELAXED);
}

static worker_page *crash_page;

/* Runs once (SA_RESETHAND): on return the instruction is repeated and the signal ends the process. */
static void note_crash(int number, siginfo_t *info, void *context) {
  (void)context;
  crash_page->crash_refused = errno == ENOMEM;
  crash_page->crash_code = info->si_code;
  crash_page->crash_address = (uint64_t)(uintptr_t)info->si_addr;
  __atomic_store_n(&crash_page->crash_signal, number, __ATOMIC_RELEASE);
  /* A signal that somebody sent is not repeated by itself. */
  if (info->si_code <= 0) raise(number);
}

void worker_watch_crashes(worker_page *page) {
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
  crash_page = page;
  /* A stack of its own: the plugin's may be what overflowed. */
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  if (stack.ss_sp) sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = note_crash, .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK};
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

static pid_t parent;

static void *wait_for_end(void *argument) {
  struct pollfd end = {.fd = (int)(intptr_t)argument, .events = POLLRDHUP};
  while (poll(&end, 1, -1) <= 0 || !(end.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL))) {}
  /* A parent that was killed closes its end a moment before it is gone. Nobody else then ends what a plugin started. */
  for (int i = 0; i < 100 && getppid() == parent; i++) usleep(1000);
  if (getppid() != parent && getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(0);
}

int worker_end_with(int socket) {
  pthread_t thread;
  parent = getppid();
  int status = pthread_create(&thread, NULL, wait_for_end, (void *)(intptr_t)socket);
  if (status == 0) pthread_detach(thread);
  return status;
}

int worker_limit_memory(uint64_t bytes) {
  struct rlimit limit = {bytes, bytes};
  return setrlimit(RLIMIT_DATA, &limit);
}

int worker_is_privileged(void) { return getauxval(AT_SECURE) != 0; }
