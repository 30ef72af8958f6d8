/* Tests of what repo.h offers for reading, against repositories that git itself made. */
#include "repo/repo.h"

#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The first commit is dated with an offset to the east, the second to the west.  There are a file,
 * an executable, a symlink, a submodule, a branch and a tag of one name, a lightweight and an
 * annotated tag, and a tag of a blob. */
static const char source_script[] =
    "set -e; cd \"$1\"; exec >/dev/null 2>&1\n"
    "unset GIT_DIR; export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n"
    "export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com\n"
    "export GIT_COMMITTER_NAME=Grace GIT_COMMITTER_EMAIL=grace@example.com\n"
    "export GIT_AUTHOR_DATE='2024-04-30T14:28:12+03:00'\n"
    "export GIT_COMMITTER_DATE='2024-04-30T14:28:13-03:30'\n"
    "git init -q -b trunk .\n"
    "mkdir -p pipelines/deep\n"
    "printf 'a: 1\\n' >full-ci.yml; printf 'b: 2\\n' >pipelines/one-ci.yml\n"
    "printf 'c\\0d' >pipelines/deep/two-ci.yml; printf x >pipelines/readme.md\n"
    "printf '#!/bin/sh\\n' >run.sh; chmod +x run.sh; ln -s full-ci.yml link.yml\n"
    "git add .; printf 'First line\\n\\nBody\\n' | git commit -q -F -\n"
    "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub\n"
    "git commit -q -m Second; git branch both HEAD~1; git tag both HEAD; git tag light HEAD~1\n"
    "git tag -m annotated v1.0 HEAD; git tag blob HEAD:run.sh; git branch feature/x\n";

typedef struct Fixture {
    char *dir, *source;
    RepoStore *store;
    Arena *arena;
    char *first, *second; /* SHAs */
} Fixture;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

/* Runs @script by sh with @dir as $1; answers what it printed, stripped. */
static char *sh(const char *script, const char *dir)
{
    const char *argv[] = { "sh", "-c", script, "sh", dir, NULL };
    char *out = NULL;
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return g_strstrip(out);
}

static void fixture_set_up(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *repositories = NULL, *url = NULL;

    f->dir = g_dir_make_tmp("repo-XXXXXX", NULL);
    f->source = g_build_filename(f->dir, "source", NULL);
    repositories = g_build_filename(f->dir, "repositories", NULL);
    g_assert_cmpint(g_mkdir(f->source, 0700), ==, 0);
    g_free(sh(source_script, f->source));
    f->first = sh("git -C \"$1\" rev-parse HEAD~1", f->source);
    f->second = sh("git -C \"$1\" rev-parse HEAD", f->source);
    f->arena = arena_new();
    f->store = repo_store_new(repositories, "/bin/false", &err);
    g_assert_nonnull(f->store);
    url = g_strconcat("file://", f->source, NULL);
    g_assert_true(repo_create(f->store, 7, "main", &err));
    if (!repo_import(f->store, 7, url, true, &err))
        g_error("import: %s", error_text(&err));
}

static void fixture_tear_down(Fixture *f, gconstpointer data)
{
    repo_store_free(f->store);
    arena_free(f->arena);
    g_assert_cmpint(nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_free(f->dir);
    g_free(f->source);
    g_free(f->first);
    g_free(f->second);
}

static void assert_code(Error *err, ErrCode code)
{
    g_assert_cmpstr(error_code_name(err->code), ==, error_code_name(code));
    error_clear(err);
}

/* --- making, removing, importing ------------------------------------------------------------- */

static void created_repository_is_empty_and_names_its_branch(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    const RepoRef *refs;
    const char *name = NULL;
    size_t n = 9;

    g_assert_true(repo_create(f->store, 8, "dev/next", &err));
    g_assert_true(repo_list_refs(f->store, 8, f->arena, &refs, &n, &err));
    g_assert_cmpuint(n, ==, 0);
    g_assert_true(repo_default_branch(f->store, 8, f->arena, &name, &err));
    g_assert_cmpstr(name, ==, "dev/next");
    g_autofree char *path = repo_path(f->store, 8);
    g_free(sh("git --git-dir=\"$1\" fsck --strict 2>&1", path));
    g_assert_false(repo_create(f->store, 8, "main", &err));
    assert_code(&err, ERR_CONFLICT);
    g_assert_false(repo_create(f->store, 9, "no..name", &err));
    assert_code(&err, ERR_INVALID);
    g_assert_true(repo_set_default_branch(f->store, 8, "other", &err));
    g_assert_true(repo_default_branch(f->store, 8, f->arena, &name, &err));
    g_assert_cmpstr(name, ==, "other");
    g_assert_false(repo_set_default_branch(f->store, 8, "a b", &err));
    assert_code(&err, ERR_INVALID);
}

static void removed_repository_is_not_found(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    RepoResolved resolved;

    g_assert_true(repo_resolve(f->store, 7, "trunk", false, f->arena, &resolved, &err));
    g_assert_true(repo_remove(f->store, 7, &err));
    g_assert_true(repo_remove(f->store, 7, &err));
    g_assert_false(repo_resolve(f->store, 7, "trunk", false, f->arena, &resolved, &err));
    g_assert_cmpstr(err.message, ==, "Repository");
    assert_code(&err, ERR_NOT_FOUND);
    g_assert_true(repo_create(f->store, 7, "main", &err));
    g_assert_false(repo_resolve(f->store, 7, "trunk", false, f->arena, &resolved, &err));
    assert_code(&err, ERR_NO_RECORD);
}

static void import_takes_refs_and_head(Fixture *f, gconstpointer data)
{
    static const char *const names[] = { "refs/heads/both",  "refs/heads/feature/x",
                                         "refs/heads/trunk", "refs/tags/both",
                                         "refs/tags/light",  "refs/tags/v1.0" };
    g_auto(Error) err = ERROR_INIT;
    const RepoRef *refs;
    const char *head = NULL;
    size_t n = 0;

    g_assert_true(repo_list_refs(f->store, 7, f->arena, &refs, &n, &err));
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(names)); /* not the tag of a blob */
    for (size_t i = 0; i < n; i++)
        g_assert_cmpstr(refs[i].name, ==, names[i]);
    g_assert_cmpstr(refs[5].sha, ==, f->second);
    g_assert_cmpstr(refs[5].object_sha, !=, f->second);
    g_assert_cmpstr(refs[4].object_sha, ==, f->first);
    g_assert_true(repo_default_branch(f->store, 7, f->arena, &head, &err));
    g_assert_cmpstr(head, ==, "trunk");
}

static void empty_remote_can_be_imported(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = repo_path(f->store, 10);
    g_autofree char *url = g_strconcat("file://", path, NULL);
    const RepoRef *refs;
    size_t n = 9;

    g_assert_true(repo_create(f->store, 10, "main", &err));
    g_assert_true(repo_create(f->store, 11, "main", &err));
    g_assert_true(repo_import(f->store, 11, url, true, &err));
    g_assert_true(repo_list_refs(f->store, 11, f->arena, &refs, &n, &err));
    g_assert_cmpuint(n, ==, 0);
}

static void import_urls_are_checked(Fixture *f, gconstpointer data)
{
    static const char *const wrong[] = { "",
                                         "/etc",
                                         "--upload-pack=x",
                                         "ssh://host/x",
                                         "ext::sh -c x",
                                         "file:///x",
                                         "http://",
                                         "http://h/x?private_token=1",
                                         "https://u:a%0ab@h/x",
                                         "http://h/a b" };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_assert_false(repo_import(f->store, 7, wrong[i], false, &err));
        assert_code(&err, ERR_INVALID);
    }
}

static void failed_import_tells_no_credentials(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = repo_path(f->store, 7);

    /* Port 1 on loopback refuses. */
    g_assert_false(repo_import(f->store, 7, "http://ada:s3cret@127.0.0.1:1/x.git", false, &err));
    g_assert_cmpint(err.code, ==, ERR_UNPROCESSABLE);
    g_assert_null(strstr(err.message, "s3cret"));
    g_assert_null(strstr(err.message, "ada"));
    g_assert_nonnull(strstr(err.message, "http://127.0.0.1:1/x.git"));
    g_autofree char *found = sh("grep -rl s3cret \"$1\" || true", path);
    g_assert_cmpstr(found, ==, "");
}

/* --- names ----------------------------------------------------------------------------------- */

static void refs_resolve_branch_before_tag_before_commit(Fixture *f, gconstpointer data)
{
    g_autofree char *abbreviation = g_strndup(f->first, 8);
    g_autofree char *upper = g_ascii_strup(f->first, -1);
    const struct {
        const char *ref;
        RepoRefKind kind;
        const char *name, *full, *sha;
    } cases[] = {
        { "trunk", REPO_REF_BRANCH, "trunk", "refs/heads/trunk", f->second },
        { "feature/x", REPO_REF_BRANCH, "feature/x", "refs/heads/feature/x", f->second },
        { "both", REPO_REF_BRANCH, "both", "refs/heads/both", f->first },
        { "refs/tags/both", REPO_REF_TAG, "both", "refs/tags/both", f->second },
        { "light", REPO_REF_TAG, "light", "refs/tags/light", f->first },
        { "v1.0", REPO_REF_TAG, "v1.0", "refs/tags/v1.0", f->second },
        { f->first, REPO_REF_COMMIT, f->first, NULL, f->first },
        { abbreviation, REPO_REF_COMMIT, f->first, NULL, f->first },
        { upper, REPO_REF_COMMIT, f->first, NULL, f->first },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Error) err = ERROR_INIT;
        RepoResolved got = { 0 };
        g_assert_true(repo_resolve(f->store, 7, cases[i].ref, true, f->arena, &got, &err));
        g_assert_cmpint(got.kind, ==, cases[i].kind);
        g_assert_cmpstr(got.name, ==, cases[i].name);
        g_assert_cmpstr(got.full_ref, ==, cases[i].full);
        g_assert_cmpstr(got.sha, ==, cases[i].sha);
    }
}

static void what_names_no_commit_does_not_resolve(Fixture *f, gconstpointer data)
{
    g_autofree char *six = g_strndup(f->first, 6);
    g_autofree char *blob = sh("git -C \"$1\" rev-parse HEAD:run.sh", f->source);
    g_autofree char *tag = sh("git -C \"$1\" rev-parse v1.0", f->source);
    const char *const refs[] = {
        "",     "none",         "blob",       six,           blob,      tag,
        "HEAD", "../../config", "a b",        "refs/heads/", "trunk~1", "0123456789abcdef",
        "-x",   "trunk^{tree}", "refs/heads", "feature"
    };
    g_auto(Error) err = ERROR_INIT;
    RepoResolved got;

    for (size_t i = 0; i < G_N_ELEMENTS(refs); i++) {
        g_assert_false(repo_resolve(f->store, 7, refs[i], true, f->arena, &got, &err));
        assert_code(&err, ERR_NO_RECORD);
    }
    g_assert_false(repo_resolve(f->store, 7, f->first, false, f->arena, &got, &err));
    assert_code(&err, ERR_NO_RECORD);
}

/* Makes @n objects from @script in one go, until two begin with the same seven digits. */
static char *find_collision(Fixture *f, const char *kind)
{
    /* 2^28 prefixes: 30,000 objects have about 1.7 pairs; the texts are fixed, so the result is. */
    static const char script[] =
        "import hashlib,os,subprocess,sys\n"
        "kind,repo=sys.argv[1:]\n"
        "tree=subprocess.run(['git','--git-dir',repo,'rev-parse','trunk^{tree}'],check=True,\n"
        "                    capture_output=True,text=True).stdout.strip()\n"
        "def commit(i):\n"
        "    who='A <a@b> %d +0000'%(1700000000+i)\n"
        "    return ('tree %s\\nauthor %s\\ncommitter %s\\n\\nx\\n'%(tree,who,who)).encode()\n"
        "def blob(i): return b'blob %d\\n'%i\n"
        "def put(k,b):\n"
        "    subprocess.run(['git','--git-dir',repo,'hash-object','-w','--stdin','-t',k],input=b,\n"
        "                   check=True,stdout=subprocess.DEVNULL)\n"
        "def sha(k,b): return hashlib.sha1(b'%s %d\\0'%(k.encode(),len(b))+b).hexdigest()\n"
        "seen={}\n"
        "for i in range(1000000):\n"
        "    for k,b in (('commit',commit(i)),('blob',blob(i))):\n"
        "        s=sha(k,b)[:7]\n"
        "        if s in seen and {k,seen[s][0]}==set(kind.split('+')):\n"
        "            put(k,b); put(*seen[s]); print(s); sys.exit()\n"
        "        seen[s]=(k,b)\n";
    g_autofree char *path = repo_path(f->store, 7);
    const char *argv[] = { "/usr/bin/python3", "-c", script, kind, path, NULL };
    char *out = NULL;
    int status = -1;

    g_assert_true(
        g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &out, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return g_strstrip(out);
}

static void abbreviation_of_two_commits_is_ambiguous(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *prefix = find_collision(f, "commit");
    RepoResolved got;

    g_assert_false(repo_resolve(f->store, 7, prefix, true, f->arena, &got, &err));
    assert_code(&err, ERR_CONFLICT);
}

static void file_that_begins_alike_does_not_make_a_commit_ambiguous(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *prefix = find_collision(f, "commit+blob");
    RepoResolved got = { 0 };

    g_assert_true(repo_resolve(f->store, 7, prefix, true, f->arena, &got, &err));
    g_assert_true(g_str_has_prefix(got.sha, prefix));
}

static void short_name_must_be_one_ref_to_be_expanded(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    const char *full = NULL;

    g_assert_true(repo_expand_ref(f->store, 7, "trunk", f->arena, &full, &err));
    g_assert_cmpstr(full, ==, "refs/heads/trunk");
    g_assert_true(repo_expand_ref(f->store, 7, "light", f->arena, &full, &err));
    g_assert_cmpstr(full, ==, "refs/tags/light");
    g_assert_true(repo_expand_ref(f->store, 7, "refs/tags/both", f->arena, &full, &err));
    g_assert_cmpstr(full, ==, "refs/tags/both");
    g_assert_false(repo_expand_ref(f->store, 7, "both", f->arena, &full, &err));
    assert_code(&err, ERR_CONFLICT);
    g_assert_false(repo_expand_ref(f->store, 7, "none", f->arena, &full, &err));
    assert_code(&err, ERR_NO_RECORD);
}

/* --- files and commits ----------------------------------------------------------------------- */

static void files_are_read_whole(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    const char *bytes = NULL;
    size_t size = 0;

    g_assert_true(repo_read_file(f->store, 7, f->second, "pipelines/deep/two-ci.yml", 100, f->arena,
                                 &bytes, &size, &err));
    g_assert_cmpmem(bytes, size, "c\0d", 3);
    g_assert_cmpint(bytes[size], ==, '\0');
    g_assert_true(
        repo_read_file(f->store, 7, f->first, "run.sh", 10, f->arena, &bytes, &size, &err));
    g_assert_cmpstr(bytes, ==, "#!/bin/sh\n");
}

static void file_past_the_limit_is_too_large(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    const char *bytes;
    size_t size;

    g_assert_false(
        repo_read_file(f->store, 7, f->first, "run.sh", 9, f->arena, &bytes, &size, &err));
    assert_code(&err, ERR_TOO_LARGE);
}

static void what_is_no_file_has_no_record(Fixture *f, gconstpointer data)
{
    static const char *const paths[] = { "none",      "pipelines",     "link.yml", "sub",
                                         "sub/x",     "full-ci.yml/x", "",         "/run.sh",
                                         "../run.sh", "pipelines/",    "./run.sh", ".git" };
    g_autofree char *tree = sh("git -C \"$1\" rev-parse HEAD^{tree}", f->source);
    const char *const commits[] = { "", "trunk", tree, "0123456789012345678901234567890123456789",
                                    "zzzz567890123456789012345678901234567890" };
    g_auto(Error) err = ERROR_INIT;
    const char *bytes;
    size_t size;

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_assert_false(
            repo_read_file(f->store, 7, f->second, paths[i], 99, f->arena, &bytes, &size, &err));
        assert_code(&err, ERR_NO_RECORD);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commits); i++) {
        g_assert_false(
            repo_read_file(f->store, 7, commits[i], "run.sh", 99, f->arena, &bytes, &size, &err));
        assert_code(&err, ERR_NO_RECORD);
    }
}

static void assert_files(Fixture *f, const char *dir, const char *suffix, size_t max,
                         const char *expected)
{
    g_auto(Error) err = ERROR_INIT;
    const char **paths = NULL;

    g_assert_true(
        repo_list_files(f->store, 7, f->second, dir, suffix, max, f->arena, &paths, &err));
    g_autofree char *joined = g_strjoinv(" ", (char **)paths);
    g_assert_cmpstr(joined, ==, expected);
}

static void files_are_listed_by_folder_and_suffix(Fixture *f, gconstpointer data)
{
    assert_files(f, "", NULL, 99,
                 "full-ci.yml pipelines/deep/two-ci.yml pipelines/one-ci.yml "
                 "pipelines/readme.md run.sh");
    assert_files(f, "pipelines", "-ci.yml", 99, "pipelines/deep/two-ci.yml pipelines/one-ci.yml");
    assert_files(f, "", "-ci.yml", 2, "full-ci.yml pipelines/deep/two-ci.yml");
    assert_files(f, "none", NULL, 99, "");
    assert_files(f, "run.sh", NULL, 99, "");
    assert_files(f, "../x", NULL, 99, "");
}

static void tree_that_repeats_itself_is_not_walked_for_ever(Fixture *f, gconstpointer data)
{
    /* Ten levels of ten names for the same tree below: ten thousand million files. */
    static const char script[] =
        "set -e; export GIT_DIR=\"$1\" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a "
        "GIT_COMMITTER_EMAIL=a\n"
        "t=$(printf '100644 blob %s\\tf\\n' $(echo | git hash-object -w --stdin) | git mktree)\n"
        "for i in 1 2 3 4 5 6 7 8 9 10; do\n"
        "  t=$(for j in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\t%s\\n' $t $j; done | "
        "git mktree)\ndone\n"
        "git commit-tree -m bomb $t\n";
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = repo_path(f->store, 7);
    g_autofree char *sha = sh(script, path);
    const char **paths;

    g_assert_false(repo_list_files(f->store, 7, sha, "", ".yml", 10, f->arena, &paths, &err));
    assert_code(&err, ERR_LIMIT);
}

/* @expected: joined by blanks. */
static void assert_changes(Fixture *f, const char *from, const char *to, bool from_merge_base,
                           const char *expected)
{
    g_auto(Error) err = ERROR_INIT;
    const char **paths = NULL;

    g_assert_true(
        repo_changed_paths(f->store, 7, from, to, from_merge_base, 10, f->arena, &paths, &err));
    g_autofree char *joined = g_strjoinv(" ", (char **)paths);
    g_assert_cmpstr(joined, ==, expected);
}

static void changes_are_the_paths_that_differ(Fixture *f, gconstpointer data)
{
    static const char script[] =
        "set -e; cd \"$1\"; exec 2>/dev/null\n"
        "c() { git -c user.name=a -c user.email=a@b commit-tree -m x \"$@\"; }\n"
        "blob=$(echo new | git hash-object -w --stdin)\n"
        "below=$(printf '100644 blob %s\\ttwo-ci.yml\\n' $blob | git mktree)\n"
        "pipe=$(printf '040000 tree %s\\tdeep\\n100644 blob %s\\tnew.md\\n' $below $blob | "
        "git mktree)\n"
        "tree=$( (git ls-tree $2 | grep -v pipelines | grep -v run.sh; "
        "printf '040000 tree %s\\tpipelines\\n' $pipe) | git mktree)\n"
        "c $tree -p $2";
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *dir = repo_path(f->store, 7);
    const char *argv[] = { "sh", "-c", script, "sh", dir, f->first, NULL };
    g_autofree char *sha = NULL;
    const char **paths = NULL;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &sha,
                               NULL, NULL, NULL));
    g_strstrip(sha);
    assert_changes(f, f->first, f->first, false, "");
    assert_changes(f, f->first, f->second, false, "sub");
    assert_changes(f, f->first, sha, false,
                   "pipelines/deep/two-ci.yml pipelines/new.md pipelines/one-ci.yml "
                   "pipelines/readme.md run.sh");
    assert_changes(f, f->second, sha, true,
                   "pipelines/deep/two-ci.yml pipelines/new.md pipelines/one-ci.yml "
                   "pipelines/readme.md run.sh");
    assert_changes(f, sha, f->second, true, "sub");
    g_assert_false(
        repo_changed_paths(f->store, 7, f->first, sha, false, 2, f->arena, &paths, &err));
    assert_code(&err, ERR_LIMIT);
}

static void commits_carry_times_with_offsets(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    RepoCommit commit = { 0 };

    g_assert_true(repo_commit(f->store, 7, f->first, f->arena, &commit, &err));
    g_assert_cmpstr(commit.sha, ==, f->first);
    g_assert_cmpstr(commit.title, ==, "First line");
    g_assert_cmpstr(commit.message, ==, "First line\n\nBody\n");
    g_assert_cmpstr(commit.author_name, ==, "Ada");
    g_assert_cmpstr(commit.committer_email, ==, "grace@example.com");
    g_assert_cmpint(commit.author_at, ==, G_GINT64_CONSTANT(1714476492000000));
    g_assert_cmpint(commit.author_offset_min, ==, 180);
    g_assert_cmpint(commit.committer_at, ==, G_GINT64_CONSTANT(1714499893000000));
    g_assert_cmpint(commit.committer_offset_min, ==, -210);
    g_assert_null(commit.parents[0]);
    g_assert_true(repo_commit(f->store, 7, f->second, f->arena, &commit, &err));
    g_assert_cmpstr(commit.parents[0], ==, f->first);
    g_assert_null(commit.parents[1]);
}

static void commit_texts_are_made_utf8(Fixture *f, gconstpointer data)
{
    static const char script[] =
        "export GIT_DIR=\"$1\" GIT_AUTHOR_NAME=$(printf 'J\\366rg') GIT_AUTHOR_EMAIL=a "
        "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a\n"
        "printf 'Gr\\374n\\r\\n' | git -c i18n.commitEncoding=ISO-8859-1 commit-tree "
        "$(git rev-parse trunk^{tree})\n";
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = repo_path(f->store, 7);
    g_autofree char *sha = sh(script, path);
    RepoCommit commit = { 0 };

    g_assert_true(repo_commit(f->store, 7, sha, f->arena, &commit, &err));
    g_assert_cmpstr(commit.title, ==, "Gr\xc3\xbcn");
    g_assert_cmpstr(commit.author_name, ==, "J\xc3\xb6rg");
}

/* --- pipeline refs, other writers, threads --------------------------------------------------- */

static void pipeline_ref_is_kept_moved_and_dropped(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = repo_path(f->store, 7);
    g_autofree char *file = g_build_filename(path, "refs/pipelines/900", NULL);

    g_assert_true(repo_keep_pipeline_ref(f->store, 7, 900, f->first, &err));
    g_assert_true(repo_keep_pipeline_ref(f->store, 7, 900, f->first, &err));
    g_autofree char *sha = sh("git --git-dir=\"$1\" rev-parse refs/pipelines/900", path);
    g_assert_cmpstr(sha, ==, f->first);
    /* As a crash may leave it. */
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    g_assert_true(repo_keep_pipeline_ref(f->store, 7, 900, f->second, &err));
    g_free(sh("git --git-dir=\"$1\" pack-refs --all", path));
    g_assert_true(repo_drop_pipeline_ref(f->store, 7, 900, &err));
    g_assert_true(repo_drop_pipeline_ref(f->store, 7, 900, &err));
    g_autofree char *left = sh("git --git-dir=\"$1\" for-each-ref refs/pipelines", path);
    g_assert_cmpstr(left, ==, "");
    g_assert_false(
        repo_keep_pipeline_ref(f->store, 7, 900, "0123456789012345678901234567890123456789", &err));
    assert_code(&err, ERR_NO_RECORD);
}

static void open_handle_sees_what_git_does(Fixture *f, gconstpointer data)
{
    static const char script[] =
        "set -e; cd \"$1\"; echo new >new.txt; git add new.txt; git -c user.name=a "
        "-c user.email=a commit -q -m new; git rev-parse HEAD";
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *url = g_strconcat("file://", f->source, NULL);
    g_autofree char *path = repo_path(f->store, 7);
    RepoResolved got = { 0 };
    const char *bytes;
    size_t size;

    g_assert_true(repo_resolve(f->store, 7, "trunk", false, f->arena, &got, &err));
    g_autofree char *sha = sh(script, f->source);
    g_assert_true(repo_import(f->store, 7, url, true, &err));
    /* All old packs go away. */
    g_free(sh("git --git-dir=\"$1\" gc -q --prune=now", path));
    g_assert_true(repo_resolve(f->store, 7, "trunk", false, f->arena, &got, &err));
    g_assert_cmpstr(got.sha, ==, sha);
    g_assert_true(repo_read_file(f->store, 7, sha, "new.txt", 99, f->arena, &bytes, &size, &err));
    g_assert_true(
        repo_read_file(f->store, 7, f->first, "full-ci.yml", 99, f->arena, &bytes, &size, &err));
    g_assert_true(repo_tidy(f->store, 7, &err));
    g_assert_true(repo_read_file(f->store, 7, sha, "new.txt", 99, f->arena, &bytes, &size, &err));
}

/* A store of its own over the same folder is what another server has. */
static RepoStore *other_server(Fixture *f)
{
    g_autofree char *dir = g_build_filename(f->dir, "repositories", NULL);
    g_auto(Error) err = ERROR_INIT;
    RepoStore *store = repo_store_new(dir, "/bin/false", &err);

    g_assert_nonnull(store);
    return store;
}

static void open_handle_sees_what_another_server_does(Fixture *f, gconstpointer data)
{
    g_autoptr(RepoStore) other = other_server(f);
    g_autofree char *url = g_strconcat("file://", f->source, NULL);
    g_autofree char *path = repo_path(f->store, 7);
    g_auto(Error) err = ERROR_INIT;
    RepoResolved got = { 0 };
    const char *bytes;
    size_t size;

    g_assert_true(repo_resolve(f->store, 7, "trunk", false, f->arena, &got, &err));
    g_free(sh("git --git-dir=\"$1\" repack -q -a -d", path));
    g_assert_true(
        repo_read_file(f->store, 7, f->second, "run.sh", 99, f->arena, &bytes, &size, &err));
    g_assert_true(repo_remove(other, 7, &err));
    g_assert_false(
        repo_read_file(f->store, 7, f->second, "run.sh", 99, f->arena, &bytes, &size, &err));
    assert_code(&err, ERR_NOT_FOUND);
    g_assert_true(repo_create(other, 7, "main", &err));
    g_assert_false(repo_resolve(f->store, 7, "trunk", false, f->arena, &got, &err));
    assert_code(&err, ERR_NO_RECORD);
    g_assert_true(repo_import(other, 7, url, true, &err));
    g_assert_true(
        repo_read_file(f->store, 7, f->second, "run.sh", 99, f->arena, &bytes, &size, &err));
}

static void locks_of_the_dead_stop_nobody(Fixture *f, gconstpointer data)
{
    g_autofree char *path = repo_path(f->store, 7);
    g_auto(Error) err = ERROR_INIT;

    g_free(sh("cd \"$1\"; mkdir -p refs/pipelines; touch HEAD.lock packed-refs.lock "
              "refs/pipelines/900.lock refs/heads/trunk.lock refs/heads/feature.lock",
              path));
    g_assert_true(repo_settle_push(f->store, 7, &err));
    g_autofree char *left = sh("cd \"$1\"; find refs HEAD.lock packed-refs.lock -name '*.lock' "
                               "2>/dev/null; true",
                               path);
    g_assert_cmpstr(left, ==, "");
    g_free(sh("cd \"$1\"; mkdir -p refs/pipelines; touch refs/pipelines/900.lock", path));
    g_assert_true(repo_keep_pipeline_ref(f->store, 7, 900, f->first, &err));
    g_assert_true(repo_set_default_branch(f->store, 7, "both", &err));
}

/* What a removal that a crash cut off has left does not stop the next. */
static void removal_takes_up_what_a_crash_left(Fixture *f, gconstpointer data)
{
    g_autofree char *path = repo_path(f->store, 7);
    g_autofree char *shard = g_path_get_dirname(path);
    g_auto(Error) err = ERROR_INIT;

    g_free(sh("mkdir -p \"$1.gone/objects/pack\"; touch \"$1.gone/objects/pack/x\"", path));
    g_assert_true(repo_remove(f->store, 7, &err));
    g_autofree char *left = sh("ls \"$1\"", shard);
    g_assert_cmpstr(left, ==, "");
}

static void *read_and_write(void *data)
{
    Fixture *f = data;
    g_autoptr(Arena) arena = arena_new();
    int64_t pipeline_id = (int64_t)(gintptr)g_thread_self();

    for (int i = 0; i < 200; i++) {
        g_auto(Error) err = ERROR_INIT;
        const char *bytes;
        size_t size;
        g_assert_true(
            repo_read_file(f->store, 7, f->second, "run.sh", 99, arena, &bytes, &size, &err));
        g_assert_true(repo_keep_pipeline_ref(f->store, 7, pipeline_id, f->first, &err));
        g_assert_true(repo_drop_pipeline_ref(f->store, 7, pipeline_id, &err));
    }
    return NULL;
}

static void threads_share_a_store(Fixture *f, gconstpointer data)
{
    GThread *threads[6];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("repo", read_and_write, f);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void more_repositories_than_handles_can_be_read(Fixture *f, gconstpointer data)
{
    g_auto(Error) err = ERROR_INIT;
    const char *name;

    for (int64_t id = 1000; id < 1060; id++)
        g_assert_true(repo_create(f->store, id, "main", &err));
    for (int64_t id = 1000; id < 1120; id++)
        g_assert_true(repo_default_branch(f->store, 1000 + id % 60, f->arena, &name, &err));
}

static void measure(Fixture *f, const char *sha, const char *what)
{
    enum { ROUNDS = 20000 };
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(GTimer) timer = g_timer_new();

    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(Arena) arena = arena_new();
        const char *bytes;
        size_t size = 0;
        g_assert_true(
            repo_read_file(f->store, 7, sha, "a/b/5k-ci.yml", 9999, arena, &bytes, &size, &err));
        g_assert_cmpuint(size, >, 5000);
    }
    double us = g_timer_elapsed(timer, NULL) * 1e6 / ROUNDS;
    g_test_minimized_result(us, "microseconds a read of a warm file of 5 kB, %s: %.1f", what, us);
}

/* With -m perf: what a read costs when the repository is open. */
static void warm_read_cost(Fixture *f, gconstpointer data)
{
    static const char script[] =
        "set -e; export GIT_DIR=\"$1\" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a "
        "GIT_COMMITTER_EMAIL=a GIT_INDEX_FILE=\"$1/perf.index\"\n"
        "b=$(seq 1100 | sed 's/^/a/' | git hash-object -w --stdin)\n"
        "git update-index --add --cacheinfo 100644,$b,a/b/5k-ci.yml\n"
        "c=$(git commit-tree -m perf $(git write-tree)); git update-ref refs/heads/perf $c; echo "
        "$c";
    g_autofree char *path = repo_path(f->store, 7);
    g_autofree char *sha = sh(script, path);

    measure(f, sha, "loose");
    g_free(sh("git --git-dir=\"$1\" gc -q --prune=now", path));
    measure(f, sha, "packed");
}

static const struct {
    const char *path;
    void (*run)(Fixture *f, gconstpointer data);
} tests[] = {
    { "created-repository-is-empty-and-names-its-branch",
      created_repository_is_empty_and_names_its_branch },
    { "removed-repository-is-not-found", removed_repository_is_not_found },
    { "import-takes-refs-and-head", import_takes_refs_and_head },
    { "empty-remote-can-be-imported", empty_remote_can_be_imported },
    { "import-urls-are-checked", import_urls_are_checked },
    { "failed-import-tells-no-credentials", failed_import_tells_no_credentials },
    { "refs-resolve-branch-before-tag-before-commit",
      refs_resolve_branch_before_tag_before_commit },
    { "what-names-no-commit-does-not-resolve", what_names_no_commit_does_not_resolve },
    { "abbreviation-of-two-commits-is-ambiguous", abbreviation_of_two_commits_is_ambiguous },
    { "file-that-begins-alike-does-not-make-a-commit-ambiguous",
      file_that_begins_alike_does_not_make_a_commit_ambiguous },
    { "short-name-must-be-one-ref-to-be-expanded", short_name_must_be_one_ref_to_be_expanded },
    { "files-are-read-whole", files_are_read_whole },
    { "file-past-the-limit-is-too-large", file_past_the_limit_is_too_large },
    { "what-is-no-file-has-no-record", what_is_no_file_has_no_record },
    { "files-are-listed-by-folder-and-suffix", files_are_listed_by_folder_and_suffix },
    { "tree-that-repeats-itself-is-not-walked-for-ever",
      tree_that_repeats_itself_is_not_walked_for_ever },
    { "changes-are-the-paths-that-differ", changes_are_the_paths_that_differ },
    { "commits-carry-times-with-offsets", commits_carry_times_with_offsets },
    { "commit-texts-are-made-utf8", commit_texts_are_made_utf8 },
    { "pipeline-ref-is-kept-moved-and-dropped", pipeline_ref_is_kept_moved_and_dropped },
    { "open-handle-sees-what-git-does", open_handle_sees_what_git_does },
    { "open-handle-sees-what-another-server-does", open_handle_sees_what_another_server_does },
    { "locks-of-the-dead-stop-nobody", locks_of_the_dead_stop_nobody },
    { "removal-takes-up-what-a-crash-left", removal_takes_up_what_a_crash_left },
    { "threads-share-a-store", threads_share_a_store },
    { "more-repositories-than-handles-can-be-read", more_repositories_than_handles_can_be_read },
};

static void add(const char *name, void (*run)(Fixture *f, gconstpointer data))
{
    g_autofree char *path = g_strconcat("/repo/", name, NULL);

    g_test_add(path, Fixture, NULL, fixture_set_up, run, fixture_tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        add(tests[i].path, tests[i].run);
    if (g_test_perf())
        add("warm-read-cost", warm_read_cost);
    return g_test_run();
}
