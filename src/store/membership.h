/* membership.h - the SQL that says which namespaces a user has a role in; inside store/ only.
 *
 * A role in a group holds in all that is below it; a user owns their own namespace.
 */
#ifndef PENSTOCK_STORE_MEMBERSHIP_H
#define PENSTOCK_STORE_MEMBERSHIP_H

/* A row of members that counts now: $2 is the time. */
#define MEMBER_COUNTS(m) "(" m ".expires_at IS NULL OR " m ".expires_at > $2)"

/* mine (id, level): the namespaces in which user $1 has a role, with it; one namespace may be there
 * several times. */
#define WITH_MINE                                                                                  \
    "WITH RECURSIVE mine (id, level) AS ("                                                         \
    " SELECT m.namespace_id, m.access_level FROM members m"                                        \
    " WHERE m.user_id = $1 AND m.namespace_id IS NOT NULL AND " MEMBER_COUNTS(                     \
        "m") " UNION SELECT n.id, CAST(50 AS BIGINT) FROM namespaces n WHERE n.owner_id = $1"      \
             " UNION SELECT n.id, mine.level FROM mine JOIN namespaces n ON n.parent_id = "        \
             "mine.id) "

#endif
