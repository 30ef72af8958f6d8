"""What two servers must and must not have in common."""

from penstock import Server


def test_servers_that_start_at_once_on_a_new_database_agree(nodes):
    users = [server.api.read("/users", username="root") for server in nodes.both]
    assert [[user["id"] for user in found] for found in users] == [[1], [1]]
    assert [path.name for path in nodes.shared.glob("secret.key*")] == ["secret.key"]


def test_each_keeps_to_itself_what_is_its_own(nodes):
    assert {path.name for path in nodes.shared.iterdir()} == {"repositories", "blobs", "logs", "secret.key"}
    for server in nodes.both:
        assert (server.data / "run" / "address").read_text().strip() == server.url
        assert {"repositories", "blobs", "logs", "secret.key"}.isdisjoint(
            path.name for path in server.data.iterdir())


def test_another_sealing_key_is_refused(nodes, tmp_path):
    key = tmp_path / "other.key"
    key.write_text("ab" * 32 + "\n")
    key.chmod(0o600)
    other = Server("--shared", str(nodes.shared), "--secret-key-file", str(key), database=nodes.database)
    try:
        said = other.start_in_vain()
    finally:
        other.close()
    assert "is not the sealing key of this database" in said and str(key) in said


def test_no_new_key_is_made_for_a_database_that_has_one(nodes):
    other = Server(database=nodes.database)  # it was not told of the shared folder
    try:
        said = other.start_in_vain()
        assert "cannot read the sealing key" in said
        assert not (other.data / "secret.key").exists()
    finally:
        other.close()


def test_a_data_folder_has_one_server(nodes):
    second = Server("--shared", str(nodes.shared), database=nodes.database, data=nodes.a.data)
    said = second.start_in_vain()
    assert f"another server uses {nodes.a.data}" in said
    assert nodes.a.api.get("/version").status_code == 200
