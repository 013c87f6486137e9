#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// openat2 of a relative path that must stay beneath `directory`: no symbolic link, no other mount, no way out.
/// Returns a descriptor, or -1 with errno.
int clinux_open_beneath(int directory, const char *path, int flags, uint32_t mode);

/// The same for a name that is only examined, whatever it is; also a link itself.
int clinux_examine_beneath(int directory, const char *path);

/// renameat2 with RENAME_EXCHANGE. Returns 0, or -1 with errno.
int clinux_exchange(int directory1, const char *name1, int directory2, const char *name2);

/// Returns when everything on the file system of `directory` is on its device; 0, or -1 with errno.
int clinux_sync_file_system(int directory);

/// Takes a shared lock of a file that is open for reading, which ends with the last descriptor. Returns 0, or -1 with errno.
int clinux_hold(int file);

/// Whether somebody else has a lock of the file; takes none. Returns 0 or 1, or -1 with errno.
int clinux_is_held(int file);

/// copy_file_range from an offset to where the other file's position is. Returns how much was copied, or -1 with errno.
ssize_t clinux_copy(int from, int64_t offset, int to, size_t count);

/// Tells the kernel to start writing a part of a file to its device, without waiting; what it does with that is its own.
void clinux_start_writing(int file, int64_t offset, int64_t count);
