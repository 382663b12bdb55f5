/* What a worker process and its parent share besides messages, and what Swift cannot say: a page of counters,
 * files without names, signal handlers. */
#pragma once
#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

/* One page, mapped by both processes. */
typedef struct worker_page {
  uint64_t beats;         /* calls of host functions so far            */
  int32_t busy;           /* host functions at work that may take long */
  int32_t cancelled;      /* set by the parent                         */
  int32_t crash_signal;   /* set by the worker's signal handler        */
  int32_t crash_code;     /* si_code                                   */
  uint64_t crash_address; /* si_addr                                   */
  int32_t crash_refused;  /* the last system call that failed was an allocation */
  int32_t reserved;
} worker_page;

/* An unnamed file in memory, closed on exec; -1 where the system refuses. */
int worker_memory_file(void);
/* Gives the file its final size: nobody can cut it off under a mapping. Not 0 where the system refuses. */
int worker_seal_size(int descriptor);
/* Whether a child process has ended; it can still be waited for. */
int worker_has_ended(pid_t process);
/* A pipe whose ends are closed on exec; not 0 where the system refuses. */
int worker_pipe(int ends[2]);
/* Has the started program close all descriptors from `first` on. */
int worker_close_from(posix_spawn_file_actions_t *actions, int first);
/* Maps the page of `descriptor`; NULL where the system refuses. */
worker_page *worker_page_map(int descriptor);
void worker_page_unmap(worker_page *page);

void worker_beat(worker_page *page);
void worker_busy_add(worker_page *page, int32_t change);
void worker_cancel(worker_page *page);
uint64_t worker_beats(const worker_page *page);
int32_t worker_busy(const worker_page *page);
int32_t worker_is_cancelled(const worker_page *page);

/* In the worker: notes signals that end it in `page`, never writes core files, leaves Ctrl-C to the parent. */
void worker_watch_crashes(worker_page *page);
/* In the worker: ends the process as soon as the other end of `socket` is gone. */
int worker_end_with(int socket);
/* In the worker: the most private memory it may have, in bytes. */
int worker_limit_memory(uint64_t bytes);

/* Whether the process runs with more privileges than whoever started it: secure_getenv's question. */
int worker_is_privileged(void);
