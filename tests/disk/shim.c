/* Stands between a process and its disk: counts the calls for files below one directory, writes them down in their order, and
 * lets one of them fail, or all from one on. Loaded with LD_PRELOAD.
 *
 * DISK_ROOT    the directory
 * DISK_TRACE   what was called, one `struct note` each, followed by the path and the bytes written
 * DISK_FAULT   NUMBER:HOW, where HOW is io-once, io-ever, room-once, room-ever or room-half; none for no fault
 *
 * io is EIO from any call; room is ENOSPC from calls that need some, and room-half writes a part before it says so.
 * Syncs are not passed on: what they are worth is for whoever reads the trace. The file `told` is no disk: what the process
 * writes there is only put into the trace, in its place. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES 1024

struct note {
    uint8_t what, failed;
    uint16_t path_bytes;
    uint32_t bytes;
    uint64_t offset;
};

enum how { NEVER, IO_ONCE, IO_EVER, ROOM_ONCE, ROOM_EVER, ROOM_HALF };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[512];
static size_t root_bytes;
static int trace = -1;
static unsigned long calls, fault_at;
static enum how how;
static int is_full_next;
static char *paths[FILES];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    static const char *names[] = {"never", "io-once", "io-ever", "room-once", "room-ever", "room-half"};
    const char *at = getenv("DISK_ROOT"), *to = getenv("DISK_TRACE"), *fault = getenv("DISK_FAULT");
    if (!at || !to || strlen(at) >= sizeof root) return;
    char *rest = NULL;
    if (fault) fault_at = strtoul(fault, &rest, 10);
    for (int i = 1; rest && *rest == ':' && i < 6; i++)
        if (!strcmp(rest + 1, names[i])) how = (enum how)i;
    trace = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) abort();
    strcpy(root, at);
    root_bytes = strlen(root);
}

static int is_ours(const char *path) {
    return trace >= 0 && path && !strncmp(path, root, root_bytes) && (path[root_bytes] == '/' || !path[root_bytes]);
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < FILES ? paths[fd] : NULL;
}

static int is_told(const char *path) {
    return !strcmp(path + root_bytes, "/told");
}

static void put(const void *from, size_t bytes) {
    while (bytes > 0) {
        long wrote = syscall(SYS_write, trace, from, bytes);
        if (wrote <= 0) abort();
        from = (const char *)from + wrote, bytes -= (size_t)wrote;
    }
}

static void tell(char what, int failed, const char *path, uint64_t offset, const void *data, size_t bytes) {
    const char *name = path[root_bytes] ? path + root_bytes + 1 : "";
    struct note note = {(uint8_t)what, (uint8_t)failed, (uint16_t)strlen(name), (uint32_t)bytes, offset};
    put(&note, sizeof note);
    put(name, note.path_bytes);
    if (bytes) put(data, bytes);
}

/* Counts a call. Answers the error that it fails with, or 0. */
static int strikes(int needs_room) {
    calls++;
    if (needs_room && is_full_next) {
        is_full_next = 0;
        return ENOSPC;
    }
    switch (how) {
    case IO_ONCE: return calls == fault_at ? EIO : 0;
    case IO_EVER: return calls >= fault_at ? EIO : 0;
    case ROOM_ONCE: return calls == fault_at && needs_room ? ENOSPC : 0;
    case ROOM_EVER: return calls >= fault_at && needs_room ? ENOSPC : 0;
    default: return 0;
    }
}

/* Runs a call in its turn, unless it is to fail. `done` holds where it did what it was asked. */
#define CALL(result, failure, what, needs_room, path, call, done, offset, data, bytes) \
    pthread_mutex_lock(&turn); \
    int struck = strikes(needs_room), kept; \
    if (struck) { \
        errno = struck; \
        result = failure; \
    } else { \
        result = call; \
    } \
    kept = errno; \
    tell(what, struck != 0, path, offset, data, !struck && (done) ? (bytes) : 0); \
    errno = kept; \
    pthread_mutex_unlock(&turn);

static int open_any(const char *path, int flags, mode_t mode, const char *name) {
    __typeof__(&open) open_real = (__typeof__(&open))real(name);
    if (!is_ours(path)) return open_real(path, flags, mode);
    int fd;
    struct stat64 found;
    int is_new = (flags & O_CREAT) && syscall(SYS_newfstatat, AT_FDCWD, path, &found, 0) != 0;
    if (is_told(path)) {
        fd = open_real(path, flags, mode);
    } else {
        CALL(fd, -1, 'o', is_new, path, open_real(path, flags, mode), 0,
             fd < 0 ? 0 : (is_new ? 1 : 0) | (flags & O_TRUNC ? 2 : 0), NULL, 0)
    }
    if (fd >= FILES) abort();
    if (fd >= 0) {
        free(paths[fd]);
        paths[fd] = strdup(path);
    }
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return open_any(path, flags, mode, #name); \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (path_of(fd)) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    return REAL(close)(fd);
}

ssize_t read(int fd, void *to, size_t bytes) {
    const char *path = path_of(fd);
    if (!path) return REAL(read)(fd, to, bytes);
    ssize_t got;
    CALL(got, -1, 'R', 0, path, REAL(read)(fd, to, bytes), 0, bytes, NULL, 0)
    return got;
}

#define PREAD(name, place) \
    ssize_t name(int fd, void *to, size_t bytes, place offset) { \
        const char *path = path_of(fd); \
        if (!path) return REAL(name)(fd, to, bytes, offset); \
        ssize_t got; \
        CALL(got, -1, 'R', 0, path, REAL(name)(fd, to, bytes, offset), 0, (uint64_t)offset, NULL, 0) \
        return got; \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

static size_t allowed(size_t bytes) {
    if (how != ROOM_HALF || calls + 1 != fault_at || bytes < 2) return bytes;
    is_full_next = 1;
    /* To a sector's end, as a disk would. */
    return bytes > 1024 ? bytes / 2 / 512 * 512 : bytes / 2;
}

static ssize_t write_any(int fd, const void *from, size_t bytes, off64_t offset, int moves) {
    const char *path = path_of(fd);
    if (is_told(path)) {
        pthread_mutex_lock(&turn);
        tell('n', 0, path, 0, from, bytes);
        pthread_mutex_unlock(&turn);
        return (ssize_t)bytes;
    }
    ssize_t wrote = 0;
    pthread_mutex_lock(&turn);
    size_t most = is_full_next ? bytes : allowed(bytes);
    int struck = most < bytes ? (calls++, 0) : strikes(1);
    if (struck) {
        errno = struck;
        wrote = -1;
    } else {
        if (moves) offset = lseek64(fd, 0, SEEK_CUR);
        wrote = moves ? REAL(write)(fd, from, most) : REAL(pwrite64)(fd, from, most, offset);
    }
    int kept = errno;
    tell('w', struck != 0, path, (uint64_t)offset, from, wrote > 0 ? (size_t)wrote : 0);
    errno = kept;
    pthread_mutex_unlock(&turn);
    return wrote;
}

ssize_t write(int fd, const void *from, size_t bytes) {
    return path_of(fd) ? write_any(fd, from, bytes, 0, 1) : REAL(write)(fd, from, bytes);
}

ssize_t pwrite(int fd, const void *from, size_t bytes, off_t offset) {
    return path_of(fd) ? write_any(fd, from, bytes, offset, 0) : REAL(pwrite)(fd, from, bytes, offset);
}

ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t offset) {
    return path_of(fd) ? write_any(fd, from, bytes, offset, 0) : REAL(pwrite64)(fd, from, bytes, offset);
}

#define SYNC(name) \
    int name(int fd) { \
        const char *path = path_of(fd); \
        if (!path) return REAL(name)(fd); \
        int done; \
        CALL(done, -1, 's', 0, path, 0, 0, 0, NULL, 0) \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, place) \
    int name(int fd, place length) { \
        const char *path = path_of(fd); \
        if (!path) return REAL(name)(fd, length); \
        int done; \
        CALL(done, -1, 't', 0, path, REAL(name)(fd, length), 0, (uint64_t)length, NULL, 0) \
        return done; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
    if (!is_ours(path)) return REAL(unlink)(path);
    int done;
    CALL(done, -1, done ? 'U' : 'u', 0, path, REAL(unlink)(path), 0, 0, NULL, 0)
    return done;
}

int rename(const char *from, const char *to) {
    if (!is_ours(from)) return REAL(rename)(from, to);
    int done;
    CALL(done, -1, 'r', 0, from, REAL(rename)(from, to), done == 0, 0, to + root_bytes + 1, strlen(to) - root_bytes - 1)
    return done;
}

/* What only looks. */
#define LOOK(type, name, path, arguments, ...) \
    type name(__VA_ARGS__) { \
        const char *of = path; \
        if (!of) return REAL(name) arguments; \
        type got; \
        CALL(got, (type)-1, 'L', 0, of, REAL(name) arguments, 0, 0, NULL, 0) \
        return got; \
    }
#define OURS(path) (is_ours(path) ? path : NULL)

/* Somebody asks about no path at all, to see whether there is such a call: whatever the headers promise, that is to be looked at. */
__attribute__((noipa)) static const char *whose(const char *path, int fd) {
    return path && *path ? OURS(path) : path_of(fd);
}

LOOK(int, access, OURS(path), (path, mode), const char *path, int mode)
LOOK(int, stat, OURS(path), (path, to), const char *restrict path, struct stat *restrict to)
LOOK(int, stat64, OURS(path), (path, to), const char *restrict path, struct stat64 *restrict to)
LOOK(int, lstat, OURS(path), (path, to), const char *restrict path, struct stat *restrict to)
LOOK(int, lstat64, OURS(path), (path, to), const char *restrict path, struct stat64 *restrict to)
LOOK(int, fstat, path_of(fd), (fd, to), int fd, struct stat *to)
LOOK(int, fstat64, path_of(fd), (fd, to), int fd, struct stat64 *to)
LOOK(int, statx, whose(path, fd), (fd, path, flags, mask, to), int fd, const char *restrict path, int flags,
     unsigned mask, struct statx *restrict to)
LOOK(void *, mmap, path_of(fd), (at, bytes, may, flags, fd, offset), void *at, size_t bytes, int may, int flags, int fd, off_t offset)
LOOK(void *, mmap64, path_of(fd), (at, bytes, may, flags, fd, offset), void *at, size_t bytes, int may, int flags, int fd,
     off64_t offset)
