#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_open_beneath(int directory, const char *path, int flags, uint32_t mode) {
    struct open_how how = {
        .flags = (uint64_t)(unsigned)flags,
        .mode = (flags & O_CREAT) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    long result;
    do {
        result = syscall(SYS_openat2, directory, path, &how, sizeof how);
    } while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return (int)result;
}

int clinux_examine_beneath(int directory, const char *path) {
    return clinux_open_beneath(directory, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

int clinux_exchange(int directory1, const char *name1, int directory2, const char *name2) {
    return renameat2(directory1, name1, directory2, name2, RENAME_EXCHANGE);
}

int clinux_sync_file_system(int directory) { return syncfs(directory); }

int clinux_hold(int file) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &lock);
}

int clinux_is_held(int file) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_GETLK, &lock) == 0 ? lock.l_type != F_UNLCK : -1;
}

ssize_t clinux_copy(int from, int64_t offset, int to, size_t count) {
    off_t position = offset;
    return copy_file_range(from, &position, to, NULL, count, 0);
}

void clinux_start_writing(int file, int64_t offset, int64_t count) {
    sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}
