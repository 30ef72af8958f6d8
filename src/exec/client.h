/* client.h - the calls of the runner protocol over HTTP.
 *
 * A Server is what all threads share: where the coordinator is and since when it is away.  A Client
 * is one thread's connection.  No call is repeated here: the callers know what a failure means.
 */
#ifndef PENSTOCK_EXEC_CLIENT_H
#define PENSTOCK_EXEC_CLIENT_H

#include "base/error.h"

#include <stdint.h>

typedef struct Coordinator Coordinator;

typedef struct CoordinatorOptions {
    const char *url;          /* NULL: from the address file */
    const char *address_file; /* NULL: none */
    const char *token;
    const char *system_id;
    const char *executor; /* its name */
    bool images;          /* jobs may name images and services */
} CoordinatorOptions;

/* ERR_USAGE: neither a URL nor a readable address file. */
Coordinator *coordinator_new(const CoordinatorOptions *options, Error *err);
void coordinator_free(Coordinator *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coordinator, coordinator_free)

/* "http://host:port", without a "/" at the end; owned by the caller. */
char *coordinator_url(Coordinator *server);

/* Since when no call got an answer, monotonic; 0: the last one did. */
int64_t coordinator_away_since_us(Coordinator *server);

typedef struct Client Client;

/* @should_stop: asked twice a second and after client_wake() while a call waits; true ends the call
 * with ERR_UNAVAILABLE.  NULL: never. */
typedef bool (*ClientStop)(void *data);

Client *client_new(Coordinator *server, ClientStop should_stop, void *data);
void client_free(Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/* From any thread: the call that waits asks should_stop now. */
void client_wake(Client *client);

/* An answer.  What a header did not say is NULL or -1. */
typedef struct ClientReply {
    long status;
    char *job_status;
    char *last_update;
    int64_t interval_s; /* X-GitLab-Trace-Update-Interval */
    int64_t range_end;  /* of "Range: 0-<size>" */
    GString *body;      /* at most 64 MiB */
} ClientReply;

void client_reply_clear(ClientReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ClientReply, client_reply_clear)

/* Job-Status is canceled or failed, or the token is no longer good: nothing more of this job is
 * wanted. */
bool client_reply_aborts(const ClientReply *reply);

/* All calls: true is "there was an answer", whatever its status; false is ERR_UNAVAILABLE with the
 * address read again for the next attempt. @reply is to be cleared by the caller. */

bool client_request_job(Client *client, const char *last_update, ClientReply *reply, Error *err);

typedef struct JobUpdate {
    int64_t id;
    const char *token;
    const char *state;
    const char *failure_reason; /* NULL: none */
    int exit_code;              /* 0: not sent */
    bool with_output;           /* checksum and size are known */
    uint32_t crc32;
    int64_t size_bytes;
} JobUpdate;

bool client_update_job(Client *client, const JobUpdate *update, ClientReply *reply, Error *err);

typedef struct TracePatch {
    int64_t id;
    const char *token;
    bool debug;
    int64_t offset;
    const char *bytes;
    size_t n;
} TracePatch;

bool client_patch_trace(Client *client, const TracePatch *patch, ClientReply *reply, Error *err);

typedef struct Upload {
    int64_t id;
    const char *token;
    const char *path; /* the file, streamed */
    const char *filename;
    const char *type; /* NULL: not sent, as the two below */
    const char *format;
    const char *expire_in;
} Upload;

bool client_upload(Client *client, const Upload *upload, ClientReply *reply, Error *err);

/* The artifacts of job @id into @path, which is made anew. */
bool client_download(Client *client, int64_t id, const char *token, const char *path,
                     ClientReply *reply, Error *err);

#endif
