/* regex.cc - the C face of RE2.  Nothing here throws: RE2 itself does not. */
#include "base/regex.h"

#include <re2/re2.h>

struct Regex {
    RE2 re;
    Regex(const char *pattern, const RE2::Options &options) : re(pattern, options)
    {
    }
};

/* Bytes one compiled expression may take. */
static const int64_t MAX_MEMORY = 8 << 20;
static const int MAX_GROUPS = 16;

extern "C" Regex *regex_new(const char *pattern, unsigned flags, Error *err)
{
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(MAX_MEMORY);
    options.set_case_sensitive(!(flags & REGEX_IGNORE_CASE));
    options.set_dot_nl(flags & REGEX_DOT_NEWLINE);
    /* RE2 has no option for (?m) outside POSIX syntax: the inline flag says it. */
    std::string text = flags & REGEX_MULTI_LINE ? std::string("(?m)") + pattern : pattern;

    Regex *regex = new Regex(text.c_str(), options);
    if (!regex->re.ok()) {
        error_set(err, ERR_INVALID, "%s", regex->re.error().c_str());
        delete regex;
        return nullptr;
    }
    return regex;
}

extern "C" void regex_free(Regex *regex)
{
    delete regex;
}

extern "C" bool regex_matches(const Regex *regex, const char *subject, size_t length)
{
    return regex->re.Match(re2::StringPiece(subject, length), 0, length, RE2::UNANCHORED, nullptr,
                           0);
}

extern "C" bool regex_find(const Regex *regex, const char *subject, size_t length, size_t from,
                           int group, ptrdiff_t *start, ptrdiff_t *end)
{
    re2::StringPiece groups[MAX_GROUPS];

    if (group < 0 || group >= MAX_GROUPS || group > regex->re.NumberOfCapturingGroups() ||
        from > length)
        return false;
    if (!regex->re.Match(re2::StringPiece(subject, length), from, length, RE2::UNANCHORED, groups,
                         group + 1))
        return false;
    const re2::StringPiece &found = groups[group];
    *start = found.data() ? found.data() - subject : -1;
    *end = found.data() ? *start + (ptrdiff_t)found.size() : -1;
    return true;
}

extern "C" int regex_groups(const Regex *regex)
{
    return regex->re.NumberOfCapturingGroups();
}
