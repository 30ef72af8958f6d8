"""Trigger jobs that both servers could start."""

from penstock import wait_until
from projects import make_project

BRIDGES = 30


def test_a_bridge_starts_one_pipeline(nodes):
    """Work that neither server has in hand, twice for each bridge: both take it up."""
    text = "".join(f"start {number}: {{when: manual, trigger: {{include: child.yml, strategy: depend}}}}\n"
                   for number in range(BRIDGES))
    project = make_project(nodes.a, {"full-ci.yml": text, "child.yml": "inner: {script: [echo]}\n"})
    pipeline = project.trigger()["id"]
    sql = nodes.database.sql
    sql(f"UPDATE jobs SET status = 'pending' WHERE pipeline_id = {pipeline}")
    for _ in range(2):
        sql("INSERT INTO downstream_work (kind, job_id, attempts, taken_at)"
            f" SELECT 'start', id, 1, 1 FROM jobs WHERE pipeline_id = {pipeline}")
    wait_until(lambda: sql("SELECT count(*) FROM downstream_work") == [("0",)], "all work to end")
    made = sql(f"SELECT count(*), count(DISTINCT job_id) FROM downstream_pipelines WHERE upstream_pipeline_id = {pipeline}")
    assert made == [(str(BRIDGES), str(BRIDGES))]
    assert sql(f"SELECT count(*) FROM pipelines WHERE project_id = {project.id}") == [(str(BRIDGES + 1),)]
    # One server runs a child's job, the bridge follows, whichever server it is that makes it do so.
    bridge = nodes.b.api.read(f"{project.at}/pipelines/{pipeline}/bridges")[0]
    project.api = nodes.b.api
    project.runner.run_all()

    def followed():
        rows = nodes.a.api.read(f"{project.at}/pipelines/{pipeline}/bridges", per_page=100)
        return {row["status"] for row in rows} == {"success"}
    assert bridge["downstream_pipeline"]
    wait_until(followed, "the bridges to follow")
