"""Id tokens of jobs: anyone can verify them by the keys that the server shows, and they say what GitLab's say."""

import base64
import hashlib
import json
import time

import pytest

CI = """\
stages: [test]
plain:
  script: x
  timeout: 20 minutes
  environment: {name: review/one, deployment_tier: staging}
  id_tokens:
    VAULT_TOKEN: {aud: "https://$HOST.example.com"}
    OTHER: {aud: [a, "b-$HOST"]}
"""

SECRETS = """\
plain:
  script: x
  id_tokens: {MINE: {aud: x}}
  secrets:
    SHORT: {vault: production/db/password@ops}
    WHOLE: {vault: {engine: {name: kv-v1, path: m}, path: p, field: f}, file: false, token: $OTHER}
    CLOUD: {gcp_secret_manager: {name: n, version: 3}, token: $MINE}
    KEY: {azure_key_vault: {name: k}}
    STORE: {aws_secrets_manager: "s#f"}
"""

# PKCS#1 v1.5 (RFC 8017, 9.2): what stands before a SHA-256.
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(server, token):
    """The claims of @token, whose signature is checked with the key that the server shows."""
    header, claims, signature = token.split(".")
    head = json.loads(decode(header))
    configuration = server.api.get(f"{server.url}/.well-known/openid-configuration", token=None).json()
    keys = server.api.get(configuration["jwks_uri"], token=None).json()["keys"]
    key, = [key for key in keys if key["kid"] == head["kid"]]
    assert (head["alg"], head["typ"], key["kty"]) == ("RS256", "JWT", "RSA")
    modulus, exponent = (int.from_bytes(decode(key[part]), "big") for part in ("n", "e"))
    size = (modulus.bit_length() + 7) // 8
    digest = DIGEST_INFO + hashlib.sha256(f"{header}.{claims}".encode()).digest()
    expected = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
    assert pow(int.from_bytes(decode(signature), "big"), exponent, modulus).to_bytes(size, "big") == expected
    return json.loads(decode(claims))


def take(project, **variables):
    project.trigger(**variables)
    return project.runner.take("plain")


@pytest.fixture
def project(project_factory):
    return project_factory({"full-ci.yml": CI})


def test_claims(server, project):
    job = take(project, HOST="vault")
    user = project.api.get("/user").json()
    claims = verified(server, job.variable("VAULT_TOKEN"))
    now = time.time()
    assert abs(claims.pop("iat") - now) < 60 and len(claims.pop("jti")) == 36
    assert abs(claims.pop("nbf") - now + 5) < 60 and abs(claims.pop("exp") - now - 1200) < 60
    pipeline = job.variable("CI_PIPELINE_ID")
    assert claims == {
        "iss": server.url, "sub": f"project_path:{project.path}:ref_type:branch:ref:main",
        "aud": "https://vault.example.com", "namespace_id": job.variable("CI_PROJECT_NAMESPACE_ID"), "namespace_path": "root",
        "project_id": str(project.id), "project_path": project.path, "project_visibility": "private",
        "user_id": str(user["id"]), "user_login": user["username"], "user_email": user["email"], "user_access_level": "owner",
        "pipeline_id": pipeline, "pipeline_source": "trigger", "job_id": str(job.id), "ref": "main", "ref_type": "branch",
        "ref_path": "refs/heads/main", "ref_protected": "false", "environment": "review/one", "environment_protected": "false",
        "deployment_tier": "staging", "environment_action": "start", "runner_id": project.runner.id,
        "runner_environment": "self-hosted", "sha": project.sha, "ci_config_sha": project.sha,
        "ci_config_ref_uri": f"127.0.0.1:{server.port}/{project.path}//full-ci.yml@refs/heads/main"}


def test_several_audiences(server, project):
    job = take(project, HOST="c")
    assert verified(server, job.variable("OTHER"))["aud"] == ["a", "b-c"]


def test_tokens_are_masked_and_of_one_job_each(server, project):
    first, second = take(project), take(project)
    marks = {variable["key"]: variable for variable in first.payload["variables"]}["VAULT_TOKEN"]
    assert (marks["masked"], marks["public"], marks["raw"]) == (True, False, True)
    assert verified(server, first.variable("VAULT_TOKEN"))["jti"] != verified(server, second.variable("VAULT_TOKEN"))["jti"]


def test_no_variable_changes_what_a_token_says(server, project):
    claims = verified(server, take(project, CI_CONFIG_REF_URI="forged", CI_PROJECT_PATH="forged", CI_SERVER_FQDN="forged",
                                   CI_ENVIRONMENT_TIER="forged", VAULT_TOKEN="forged", CI_COMMIT_SHA="forged").variable("VAULT_TOKEN"))
    assert "forged" not in json.dumps(claims)


def test_what_a_commit_and_a_protected_branch_say(server, api, project):
    claims = verified(server, take(project, ref=project.sha).variable("OTHER"))
    assert claims["sub"] == f"project_path:{project.path}:ref:{project.sha}"
    assert "ref_type" not in claims and "ref_path" not in claims
    api.make(f"{project.at}/protected_branches", name="main")
    assert verified(server, take(project).variable("OTHER"))["ref_protected"] == "true"


def test_discovery(server, anonymous):
    answer = anonymous.get(f"{server.url}/.well-known/openid-configuration")
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["issuer"], seen["jwks_uri"]) == (server.url, f"{server.url}/oauth/discovery/keys")
    assert seen["id_token_signing_alg_values_supported"] == ["RS256"]
    key, = anonymous.get(seen["jwks_uri"]).json()["keys"]
    assert set(key) == {"kty", "kid", "e", "n", "use", "alg"}, "nothing of the private half"


def test_secrets_reach_the_runner(project_factory):
    job = take(project_factory({"full-ci.yml": SECRETS}), VAULT_SERVER_URL="https://vault", VAULT_AUTH_ROLE="r",
               GCP_PROJECT_NUMBER="12", AZURE_TENANT_ID="t", AWS_REGION="eu-north-1")
    secrets = job.payload["secrets"]
    server = {"url": "https://vault", "auth": {"name": "jwt", "path": "jwt", "data": {"jwt": "$MINE", "role": "r"}}}
    assert secrets["SHORT"] == {"vault": {"server": server, "engine": {"name": "kv-v2", "path": "ops"},
                                          "path": "production/db", "field": "password"}}
    assert secrets["WHOLE"]["vault"]["engine"] == {"name": "kv-v1", "path": "m"}
    assert secrets["WHOLE"]["vault"]["server"]["auth"]["data"]["jwt"] == "$OTHER"
    assert secrets["WHOLE"]["file"] is False
    assert secrets["CLOUD"]["gcp_secret_manager"]["version"] == "3"
    assert secrets["CLOUD"]["gcp_secret_manager"]["server"]["project_number"] == "12"
    assert secrets["KEY"]["azure_key_vault"]["server"] == {"client_id": "", "tenant_id": "t", "jwt": "$MINE", "url": ""}
    assert secrets["STORE"]["aws_secrets_manager"] == {"secret_id": "s", "field": "f",
                                                       "server": {"region": "eu-north-1", "jwt": "$MINE"}}


def test_no_secrets_no_key(project):
    assert "secrets" not in take(project).payload
