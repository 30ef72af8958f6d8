/* log_pack.c - frames and the table of their sizes, written and read.
 *
 * https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md
 * tells the form of the table.  All frames but the last hold LOG_FRAME_BYTES, so the frame of an offset is
 * found by division.
 */
#include "runner/log_pack.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum {
    LEVEL = 3,
    HEADER_BYTES = 8, /* of the skippable frame: magic, size */
    ENTRY_BYTES = 8,  /* packed size, size */
    FOOTER_BYTES = 9, /* number of frames, descriptor, magic */
};
static const uint32_t TABLE_MAGIC = 0x184D2A5E, FOOTER_MAGIC = 0x8F92EAB1;

static void put_number(uint8_t *at, uint32_t number)
{
    number = GUINT32_TO_LE(number);
    memcpy(at, &number, sizeof number);
}

static uint32_t get_number(const uint8_t *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof number);
    return GUINT32_FROM_LE(number);
}

static bool read_fully(int fd, int64_t at, void *bytes, size_t n, Error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, (char *)bytes + done, n - done, at + (int64_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "cannot read a log");
        if (got == 0)
            return error_set(err, ERR_IO, "a log ends before what was accepted");
        done += (size_t)got;
    }
    return true;
}

static bool write_fully(int fd, const void *bytes, size_t n, Error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = write(fd, (const char *)bytes + done, n - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_errno(err, written < 0 ? errno : EIO, "cannot write a packed log");
        done += (size_t)written;
    }
    return true;
}

/* --- writing --------------------------------------------------------------------------------- */

typedef struct Packer {
    ZSTD_CCtx *zstd;
    char *plain;
    char *packed;
    size_t packed_room;
    GByteArray *table;
} Packer;

static void packer_clear(Packer *packer)
{
    ZSTD_freeCCtx(packer->zstd);
    g_free(packer->plain);
    g_free(packer->packed);
    g_byte_array_unref(packer->table);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Packer, packer_clear)

static bool write_frame(Packer *packer, int from, int64_t at, size_t n, int to, Error *err)
{
    uint8_t entry[ENTRY_BYTES];

    if (!read_fully(from, at, packer->plain, n, err))
        return false;
    size_t length =
        ZSTD_compress2(packer->zstd, packer->packed, packer->packed_room, packer->plain, n);
    if (ZSTD_isError(length))
        return error_set(err, ERR_INTERNAL, "cannot pack a log: %s", ZSTD_getErrorName(length));
    put_number(entry, (uint32_t)length);
    put_number(entry + 4, (uint32_t)n);
    g_byte_array_append(packer->table, entry, sizeof entry);
    return write_fully(to, packer->packed, length, err);
}

static bool write_table(const Packer *packer, int to, Error *err)
{
    uint8_t header[HEADER_BYTES], footer[FOOTER_BYTES] = { 0 };

    put_number(header, TABLE_MAGIC);
    put_number(header + 4, packer->table->len + FOOTER_BYTES);
    put_number(footer, packer->table->len / ENTRY_BYTES);
    put_number(footer + 5, FOOTER_MAGIC);
    return write_fully(to, header, sizeof header, err) &&
           write_fully(to, packer->table->data, packer->table->len, err) &&
           write_fully(to, footer, sizeof footer, err);
}

bool log_pack_write(int from, int64_t size, int to, Error *err)
{
    g_auto(Packer) packer = { .zstd = ZSTD_createCCtx(),
                              .plain = g_malloc(LOG_FRAME_BYTES),
                              .packed_room = ZSTD_compressBound(LOG_FRAME_BYTES),
                              .table = g_byte_array_new() };

    packer.packed = g_malloc(packer.packed_room);
    (void)ZSTD_CCtx_setParameter(packer.zstd, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(packer.zstd, ZSTD_c_checksumFlag, 1);
    for (int64_t at = 0; at < size; at += LOG_FRAME_BYTES) {
        size_t n = (size_t)MIN((int64_t)LOG_FRAME_BYTES, size - at);
        if (!write_frame(&packer, from, at, n, to, err))
            return false;
    }
    return write_table(&packer, to, err) &&
           (fsync(to) == 0 || error_errno(err, errno, "cannot sync a packed log"));
}

/* --- reading --------------------------------------------------------------------------------- */

struct LogPack {
    int fd;
    int64_t size;
    size_t n_frames;
    int64_t *starts; /* of the frames in the file, and the end of the last */
    char *frame;     /* the one that was read last, unpacked; NULL: none yet */
    size_t held;     /* which one; n_frames: none */
};

void log_pack_free(LogPack *pack)
{
    if (!pack)
        return;
    close(pack->fd);
    g_free(pack->starts);
    g_free(pack->frame);
    g_free(pack);
}

int64_t log_pack_size(const LogPack *pack)
{
    return pack->size;
}

static size_t frame_size(const LogPack *pack, size_t frame)
{
    return (size_t)MIN((int64_t)LOG_FRAME_BYTES, pack->size - (int64_t)frame * LOG_FRAME_BYTES);
}

static bool not_whole(Error *err)
{
    return error_set(err, ERR_IO, "a packed log is damaged: its index is not whole");
}

/* @table: header and entries, which stand at @table_at: right behind the last frame. */
static bool read_entries(LogPack *pack, const uint8_t *table, int64_t table_at, Error *err)
{
    const uint8_t *entry = table + HEADER_BYTES;

    pack->starts = g_new(int64_t, pack->n_frames + 1);
    pack->starts[0] = 0;
    for (size_t i = 0; i < pack->n_frames; i++, entry += ENTRY_BYTES) {
        uint32_t packed = get_number(entry), plain = get_number(entry + 4);
        bool is_last = i + 1 == pack->n_frames;
        if (plain == 0 || plain > LOG_FRAME_BYTES || (!is_last && plain != LOG_FRAME_BYTES) ||
            packed > ZSTD_compressBound(LOG_FRAME_BYTES))
            return not_whole(err);
        pack->starts[i + 1] = pack->starts[i] + packed;
        pack->size += plain;
    }
    return pack->starts[pack->n_frames] == table_at || not_whole(err);
}

static bool read_index(LogPack *pack, Error *err)
{
    uint8_t footer[FOOTER_BYTES];
    struct stat info;

    if (fstat(pack->fd, &info) != 0)
        return error_errno(err, errno, "cannot read a packed log");
    if (info.st_size < HEADER_BYTES + FOOTER_BYTES)
        return not_whole(err);
    if (!read_fully(pack->fd, info.st_size - FOOTER_BYTES, footer, sizeof footer, err))
        return false;
    pack->n_frames = get_number(footer);
    size_t length = HEADER_BYTES + pack->n_frames * ENTRY_BYTES;
    int64_t table_at = info.st_size - FOOTER_BYTES - (int64_t)length;
    if (get_number(footer + 5) != FOOTER_MAGIC || footer[4] != 0 || table_at < 0)
        return not_whole(err);
    g_autofree uint8_t *table = g_malloc(length);
    if (!read_fully(pack->fd, table_at, table, length, err))
        return false;
    if (get_number(table) != TABLE_MAGIC ||
        get_number(table + 4) != length - HEADER_BYTES + FOOTER_BYTES)
        return not_whole(err);
    return read_entries(pack, table, table_at, err);
}

LogPack *log_pack_open(int fd, Error *err)
{
    g_autoptr(LogPack) pack = g_new0(LogPack, 1);

    pack->fd = fd;
    if (!read_index(pack, err))
        return NULL;
    pack->held = pack->n_frames;
    return g_steal_pointer(&pack);
}

static bool hold_frame(LogPack *pack, size_t frame, Error *err)
{
    size_t length = (size_t)(pack->starts[frame + 1] - pack->starts[frame]);
    g_autofree char *packed = g_malloc(length);

    pack->held = pack->n_frames;
    if (!pack->frame)
        pack->frame = g_malloc((size_t)MIN((int64_t)LOG_FRAME_BYTES, pack->size));
    if (!read_fully(pack->fd, pack->starts[frame], packed, length, err))
        return false;
    size_t wanted = frame_size(pack, frame);
    size_t got = ZSTD_decompress(pack->frame, wanted, packed, length);
    if (ZSTD_isError(got) || got != wanted)
        return error_set(err, ERR_IO, "a packed log is damaged in frame %zu of %zu: %s", frame + 1,
                         pack->n_frames, ZSTD_isError(got) ? ZSTD_getErrorName(got) : "too short");
    pack->held = frame;
    return true;
}

bool log_pack_read(LogPack *pack, int64_t at, char *bytes, size_t room, size_t *n, Error *err)
{
    *n = 0;
    while (*n < room && at < pack->size) {
        size_t frame = (size_t)(at / LOG_FRAME_BYTES), skip = (size_t)(at % LOG_FRAME_BYTES);
        if (frame != pack->held && !hold_frame(pack, frame, err))
            return false;
        size_t length = MIN(frame_size(pack, frame) - skip, room - *n);
        memcpy(bytes + *n, pack->frame + skip, length);
        *n += length;
        at += (int64_t)length;
    }
    return true;
}
