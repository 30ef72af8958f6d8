/* listen.h - from "ADDR:PORT" to a listening socket. */
#ifndef PENSTOCK_HTTP_LISTEN_H
#define PENSTOCK_HTTP_LISTEN_H

#include "base/error.h"

/* @listen: ADDR:PORT, [V6]:PORT, NAME:PORT, or :PORT for all addresses.  @port: the one bound.
 * @address: "http://..." under which this machine reaches it (a loopback address where all are
 * listened on), owned by the caller.  -1 and ERR_USAGE where the address cannot be had. */
int listen_open(const char *listen_on, int *port, char **address, Error *err);

#endif
