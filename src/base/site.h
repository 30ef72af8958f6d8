/* site.h - one installation: what domain functions may reach.
 *
 * Made once in app.c and passed down.  Only pointers to opaque things stand here, so that including
 * this pulls in no other module; a function that needs one thing takes that thing.
 */
#ifndef PENSTOCK_BASE_SITE_H
#define PENSTOCK_BASE_SITE_H

#include "base/clock.h"
#include "base/settings.h"

typedef struct Database Database;
typedef struct RepoStore RepoStore;
typedef struct BlobStore BlobStore;
typedef struct Topics Topics;
typedef struct Wakeups Wakeups;
typedef struct Changes Changes;
typedef struct SealKey SealKey;
typedef struct SigningKey SigningKey;
typedef struct Bridges Bridges;

typedef struct Site {
    const Settings *settings;
    Clock *clock;
    Database *database;
    RepoStore *repos;
    BlobStore *blobs;
    const SealKey *seal_key; /* base/seal.h */
    SigningKey *signing_key; /* access/signing_key.h */
    Wakeups *wakeups;        /* who waits for a job: base/wakeups.h */
    Topics *topics;          /* who waits for news of one thing: base/topics.h */
    Changes *changes;        /* which pipelines changed: base/changes.h; NULL: nobody looks */
    Bridges *bridges;        /* who starts pipelines for others: pipeline/bridges.h; NULL: nobody */
    const char *external_url; /* no "/" at its end */
    int64_t server_id;        /* which of the installation's servers this is: store/servers.h */
} Site;

#endif
