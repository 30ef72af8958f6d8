/* jwt.h - JSON Web Tokens signed with RS256 (RFC 7515, 7518), by OpenSSL. */
#ifndef PENSTOCK_BASE_JWT_H
#define PENSTOCK_BASE_JWT_H

#include "base/error.h"
#include "base/json.h"

/* An RSA key pair.  Immutable: threads may share it. */
typedef struct JwtKey JwtKey;

/* A new one of 2048 bits; takes a good part of a second. */
JwtKey *jwt_key_new(Error *err);
/* What jwt_key_text() gave.  ERR_INTERNAL: it is none. */
JwtKey *jwt_key_read(const char *text, Error *err);
void jwt_key_free(JwtKey *key); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JwtKey, jwt_key_free)

/* The private key, in PEM.  Owned by the caller, who keeps it secret. */
char *jwt_key_text(const JwtKey *key);

/* The public half as a JSON Web Key (RFC 7517), whose `kid` is its thumbprint (RFC 7638). */
void jwt_key_write_public(const JwtKey *key, JsonWriter *w);

/* @claims, an object, as a signed token.  Owned by the caller. */
char *jwt_sign(const JwtKey *key, const char *claims, Error *err);

#endif
