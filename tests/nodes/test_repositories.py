"""Repositories that both servers take pushes for, read and remove."""

from collections import Counter

import pytest
from pair import at_once, repository_at
from projects import ONE_JOB_CI, make_project

PUSHES = 10


def test_a_push_to_one_is_read_from_the_other_at_once(nodes):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    trees = [project.repository, repository_at(project, nodes.b)]
    trees[1].git("pull", "--quiet", trees[1].push_url, "main")
    for number in range(20):
        pushed, asked = trees[number % 2], nodes.both[(number + 1) % 2]
        sha = pushed.commit({"full-ci.yml": f"job{number}:\n  script: [echo]\n"})
        pushed.push("HEAD:refs/heads/main")
        pipeline = asked.api.make(f"{project.at}/trigger/pipeline", token=project.trigger_token, ref="main",
                                  variables={"_PIPELINE_FILE_NAME": "full-ci.yml"})
        assert pipeline["sha"] == sha
        assert list(jobs_of(asked, project, pipeline["id"])) == [f"job{number}"]
        trees[(number + 1) % 2].git("pull", "--quiet", trees[(number + 1) % 2].push_url, "main")


def jobs_of(server, project, pipeline_id):
    return {job["name"]: job for job in server.api.read(f"{project.at}/pipelines/{pipeline_id}/jobs")}


def test_packing_by_another_hand_hides_nothing(nodes):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    path = next(nodes.shared.glob(f"repositories/*/{project.id}.git"))
    for server in (nodes.a, nodes.b, nodes.a, nodes.b):
        answer = server.api.post(f"{project.at}/trigger/pipeline", token=None, json={
            "token": project.trigger_token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}})
        assert answer.status_code == 201, answer.text
        project.push({"another.txt": answer.json()["sha"]})
        project.repository.git("--git-dir", str(path), "gc", "--quiet", "--prune=now")


def test_pushes_to_both_at_once_make_one_pipeline_each(nodes):
    project = make_project(nodes.a, {".gitlab-ci.yml": ONE_JOB_CI})
    shas = []

    def push(server, letter):
        tree = repository_at(project, server)
        tree.git("pull", "--quiet", tree.push_url, "main")
        for number in range(PUSHES):
            shas.append(tree.commit({"who": f"{letter}{number}"}, message=f"{letter}{number}\n"))
            tree.push(f"HEAD:refs/heads/{letter}")

    at_once([lambda: push(nodes.a, "a"), lambda: push(nodes.b, "b"),
             lambda: push(nodes.a, "c"), lambda: push(nodes.b, "d")])
    assert len(set(shas)) == 4 * PUSHES

    counts = Counter(pipeline["sha"] for pipeline in nodes.b.api.read(f"{project.at}/pipelines", per_page=100))
    assert {sha: counts[sha] for sha in shas} == dict.fromkeys(shas, 1)


@pytest.mark.parametrize("remover", [0, 1])
def test_a_project_removed_through_one_is_gone_for_the_other(nodes, remover):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    first, second = nodes.both[remover], nodes.both[1 - remover]
    assert second.api.post(f"{project.at}/pipeline", json={"ref": "main"}).status_code in (201, 400)
    assert first.api.delete(project.at).status_code in (202, 204)
    assert second.api.get(project.at).status_code == 404
    assert repository_at(project, second).git("ls-remote", project.repository.push_url,
                                              check=False).returncode != 0
    assert list(nodes.shared.glob(f"repositories/*/{project.id}.git*")) == []
