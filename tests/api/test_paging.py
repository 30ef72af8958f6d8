"""Pages of lists: parameters, headers, links. Totals are given at any size, for jobs too."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from errors import assert_answer

PIPELINES = 7


@pytest.fixture(scope="module")
def many(project_factory):
    """Seven pipelines of one job each."""
    project = project_factory({"one-ci.yml": "only:\n  script: [echo]\n"})
    project.ids = [project.trigger(file="one-ci.yml")["id"] for _ in range(PIPELINES)]
    return project


def links(answer):
    """{rel: URL} of the Link header, in its order."""
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def query_of(url):
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}


def ids(answer):
    return [element["id"] for element in answer.json()]


def paging(answer):
    return {name: answer.headers.get(f"X-{name}")
            for name in ("Page", "Per-Page", "Next-Page", "Prev-Page", "Total", "Total-Pages")}


def test_defaults(api, many):
    answer = api.get(f"{many.at}/pipelines")
    assert paging(answer) == {"Page": "1", "Per-Page": "20", "Next-Page": "", "Prev-Page": "",
                              "Total": "7", "Total-Pages": "1"}
    assert list(links(answer)) == ["first", "last"]


def test_middle_page(api, many):
    answer = api.get(f"{many.at}/pipelines", params={"page": 2, "per_page": 3})
    assert ids(answer) == many.ids[::-1][3:6]
    assert paging(answer) == {"Page": "2", "Per-Page": "3", "Next-Page": "3", "Prev-Page": "1",
                              "Total": "7", "Total-Pages": "3"}
    assert list(links(answer)) == ["prev", "next", "first", "last"]


def test_last_page(api, many):
    answer = api.get(f"{many.at}/pipelines", params={"page": 3, "per_page": 3})
    assert ids(answer) == many.ids[:1]
    assert paging(answer)["Next-Page"] == ""
    assert list(links(answer)) == ["prev", "first", "last"]


def test_page_beyond_the_end(api, many):
    answer = api.get(f"{many.at}/pipelines", params={"page": 99, "per_page": 3})
    assert_answer(answer, 200, [])
    assert answer.headers["X-Page"] == "99"
    assert answer.headers["X-Next-Page"] == ""
    assert answer.headers["X-Total"] == "7"


def test_empty_list_has_one_page(api, project_factory):
    answer = api.get(f"{project_factory(files={}).at}/pipelines")
    assert_answer(answer, 200, [])
    assert paging(answer) == {"Page": "1", "Per-Page": "20", "Next-Page": "", "Prev-Page": "",
                              "Total": "0", "Total-Pages": "1"}


def test_large_per_page_is_cut_to_100(api, many):
    assert api.get(f"{many.at}/pipelines", params={"per_page": 1000}).headers["X-Per-Page"] == "100"


@pytest.mark.parametrize("query", ["per_page=0", "per_page=-1", "page=0", "page=-1"])
def test_numbers_that_are_not_allowed(api, many, query):
    answer = api.get(f"{many.at}/pipelines?{query}")
    assert_answer(answer, 400, {"error": f"{query.split('=')[0]} does not have a valid value"})


@pytest.mark.parametrize("query", ["per_page=many", "page=x", "page=1.5"])
def test_numbers_that_are_none(api, many, query):
    answer = api.get(f"{many.at}/pipelines?{query}")
    assert_answer(answer, 400, {"error": f"{query.split('=')[0]} is invalid"})


def test_page_beyond_any_number(api, many):
    assert api.get(f"{many.at}/pipelines?page=99999999999999999999").status_code in (200, 400)


def test_huge_page_is_an_empty_page(api, many):
    assert_answer(api.get(f"{many.at}/pipelines", params={"page": 2_000_000_000, "per_page": 100}), 200, [])


def test_links_carry_all_parameters_and_the_id(api, many):
    answer = api.get(f"{many.at}/pipelines", params={"per_page": 3, "ref": "main"})
    following = query_of(links(answer)["next"])
    assert following == {"id": str(many.id), "order_by": "id", "page": "2", "per_page": "3", "ref": "main", "sort": "desc"}


def test_links_are_absolute(api, server, many):
    for url in links(api.get(f"{many.at}/pipelines", params={"per_page": 3})).values():
        assert url.startswith(f"{server.url}/api/v4/projects/{many.id}/pipelines?")


def test_links_hold_no_token(api, server, many):
    answer = api.request("GET", f"{many.at}/pipelines", token=None,
                         params={"per_page": 3, "private_token": server.token})
    assert server.token not in answer.headers["Link"]


@pytest.mark.parametrize("path", ["/pipelines", "/jobs"])
def test_following_the_links_visits_each_once(api, many, path):
    seen, url = [], f"{many.at}{path}?per_page=2"
    for _ in range(PIPELINES + 1):
        answer = api.get(url)
        assert answer.status_code == 200, answer.text
        seen += ids(answer)
        url = links(answer).get("next")
        if url is None:
            break
    assert len(seen) == PIPELINES
    assert seen == sorted(set(seen), reverse=True)


def test_links_go_on_through_an_array(api, many):
    answer = api.get(f"{many.at}/jobs?scope[]=pending&scope[]=created&per_page=3")
    second = api.get(links(answer)["next"])
    assert second.status_code == 200, second.text
    assert len(ids(second)) == 3
    assert not set(ids(answer)) & set(ids(second))


def test_external_url_is_the_base_of_links(project):
    from penstock import Server
    from projects import make_project
    with Server("--external-url", "https://pen.example.com") as server:
        made = make_project(server)
        made.trigger()
        made.trigger()
        answer = server.api.get(f"{made.at}/pipelines", params={"per_page": 1})
        assert links(answer)["next"].startswith(f"https://pen.example.com/api/v4/projects/{made.id}/pipelines?")
        assert answer.json()[0]["web_url"].startswith(f"https://pen.example.com/{made.path}/-/pipelines/")


def test_project_jobs_have_totals(api, many):
    answer = api.get(f"{many.at}/jobs", params={"per_page": 3})
    assert paging(answer) == {"Page": "1", "Per-Page": "3", "Next-Page": "2", "Prev-Page": "",
                              "Total": "7", "Total-Pages": "3"}
    assert list(links(answer)) == ["next", "first", "last"]


@pytest.mark.parametrize("path", [
    "/pipeline_schedules", "/triggers", "/members",
    pytest.param("/variables", marks=pytest.mark.route("GET /projects/:id/variables")),
    pytest.param("/repository/branches", marks=pytest.mark.route("GET /projects/:id/repository/branches"))])
def test_other_lists_have_the_headers(api, many, path):
    answer = api.get(many.at + path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Page"] == "1"
    assert answer.headers["X-Per-Page"] == "20"
    assert int(answer.headers["X-Total"]) == len(answer.json())


def test_keyset_jobs(api, many):
    seen, url, last = [], f"{many.at}/jobs?pagination=keyset&per_page=3&order_by=id&sort=desc", None
    while url:
        last = api.get(url)
        assert last.status_code == 200, last.text
        assert "X-Total" not in last.headers and "X-Page" not in last.headers
        seen += ids(last)
        assert set(links(last)) <= {"next"}
        url = links(last).get("next")
        assert url is None or "cursor=" in url
    assert len(seen) == PIPELINES
    assert seen == sorted(set(seen), reverse=True)


def test_keyset_goes_on_with_the_same_filter(api, many):
    answer = api.get(f"{many.at}/jobs?pagination=keyset&scope[]=created&scope[]=pending&per_page=1")
    link = parse_qs(urlsplit(links(answer)["next"]).query)
    assert link["scope[]"] == ["created", "pending"]


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_keyset_projects(api, project_factory, sort):
    made = [project_factory(files={}).id for _ in range(5)]
    seen, url = [], f"/projects?pagination=keyset&order_by=id&per_page=2&sort={sort}"
    while url:
        page = api.get(url)
        assert page.status_code == 200, page.text
        assert "X-Total" not in page.headers and set(links(page)) <= {"next"}
        seen += ids(page)
        url = links(page).get("next")
    assert seen == sorted(set(seen), reverse=sort == "desc")
    assert set(made) <= set(seen)


def test_keyset_of_the_wrong_kind(api, many):
    refused = {"error": "Keyset pagination is not yet available for this type of request"}
    assert_answer(api.get(f"{many.at}/jobs?pagination=keyset&sort=asc"), 405, refused)
    assert_answer(api.get(f"{many.at}/pipelines?pagination=keyset"), 405, refused)
    assert_answer(api.get("/projects?pagination=keyset"), 405, refused)


def test_keyset_with_a_made_up_cursor(api, many):
    answer = api.get(f"{many.at}/jobs?pagination=keyset&cursor=nonsense")
    assert answer.status_code in (200, 400), answer.text
