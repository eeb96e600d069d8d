// The epoll thread of the Postgres wing needs these, which Swift's Glibc module leaves out.
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include <libpq-fe.h>

// pthread_setname_np needs _GNU_SOURCE, which Swift's Glibc module is built without.
static inline void setThreadName(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// glibc 2.34; hidden behind _GNU_SOURCE as well.
static inline int spawnWithoutDescriptors(posix_spawn_file_actions_t *actions, int first) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
static inline int spawnInDirectory(posix_spawn_file_actions_t *actions, const char *path) {
    extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
