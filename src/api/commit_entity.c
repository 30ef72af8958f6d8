/* commit_entity.c - the Commit entity; git's times keep their authors' offsets. */
#include "api/commit_entity.h"

#include "base/clock.h"

#include <stdlib.h>

/* "2017-07-26T11:08:53.000+02:00" */
static void put_git_time(JsonWriter *w, const char *key, int64_t us, int offset_min)
{
    char local[TIME_TEXT_SIZE];
    int minutes = abs(offset_min);

    time_to_text(us + (int64_t)offset_min * 60 * US_PER_S, local);
    local[23] = '\0'; /* the Z */
    g_autofree char *text = g_strdup_printf("%s%c%02d:%02d", local, offset_min < 0 ? '-' : '+',
                                            minutes / 60, minutes % 60);
    jw_put_string(w, key, text);
}

static void put_empty_object(JsonWriter *w, const char *key)
{
    jw_key(w, key);
    jw_begin_object(w);
    jw_end_object(w);
}

void commit_write(JsonWriter *w, const RepoCommit *commit, const char *project_path,
                  const EntityContext *context)
{
    if (!commit) {
        jw_null(w);
        return;
    }
    g_autofree char *short_id = g_strndup(commit->sha, 8);
    g_autofree char *url =
        g_strdup_printf("%s/%s/-/commit/%s", context->base_url, project_path, commit->sha);
    jw_begin_object(w);
    jw_put_string(w, "id", commit->sha);
    jw_put_string(w, "short_id", short_id);
    put_git_time(w, "created_at", commit->committer_at, commit->committer_offset_min);
    jw_key(w, "parent_ids");
    jw_strings(w, commit->parents);
    jw_put_string(w, "title", commit->title);
    jw_put_string(w, "message", commit->message);
    jw_put_string(w, "author_name", commit->author_name);
    jw_put_string(w, "author_email", commit->author_email);
    put_git_time(w, "authored_date", commit->author_at, commit->author_offset_min);
    jw_put_string(w, "committer_name", commit->committer_name);
    jw_put_string(w, "committer_email", commit->committer_email);
    put_git_time(w, "committed_date", commit->committer_at, commit->committer_offset_min);
    put_empty_object(w, "trailers");
    put_empty_object(w, "extended_trailers");
    jw_put_string(w, "web_url", url);
    jw_end_object(w);
}
