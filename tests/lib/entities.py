"""What entities look like on the wire: keys in their order, with their types.

A table row is (key, type). Types: int, num, str, bool, ts (UTC time with milliseconds), git_ts
(time with the author's offset), date, hash, any, the name of another entity, or [type] for a
list. `?` after a type: may be null. `~`: the key may be absent. `@`: the key may stand anywhere.
"""

import re

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
GIT_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def rows(text):
    return [tuple(row.split(":")) for row in text.split()]


PIPELINE_BASIC = "id:int iid:int project_id:int sha:str ref:str status:str source:str created_at:ts updated_at:ts web_url:str"
PIPELINE = PIPELINE_BASIC + """ before_sha:str tag:bool yaml_errors:str? user:UserBasic? started_at:ts? finished_at:ts?
    committed_at:ts? duration:int? queued_duration:int? coverage:str? detailed_status:DetailedStatus archived:bool~ auto_canceled_by_id:int?~@"""
ENVIRONMENT_BASIC = "id:int name:str slug:str external_url:str? created_at:ts updated_at:ts"
JOB_BASIC = """id:int status:str stage:str name:str ref:str tag:bool coverage:num? archived:bool~@ source:str~@ allow_failure:bool
    created_at:ts started_at:ts? finished_at:ts? erased_at:ts? duration:num? queued_duration:num? user:User?
    commit:Commit? pipeline:PipelineBasic failure_reason:str~ web_url:str project:JobProject"""
SCHEDULE = """id:int description:str ref:str cron:str cron_timezone:str next_run_at:ts? active:bool created_at:ts
    updated_at:ts owner:UserBasic? inputs:[hash]~ catch_up:str overlap_policy:str max_start_delay:int?"""
USER_BASIC = "id:int username:str public_email:str? name:str state:str locked:bool avatar_url:str? web_url:str"
USER = USER_BASIC + """ created_at:ts~ bio:str location:str? linkedin:str twitter:str discord:str website_url:str
    github:str job_title:str pronouns:str? organization:str? bot:bool work_information:str? followers:int~ following:int~
    is_followed:bool~ local_time:str?"""
TOKEN = """id:int name:str revoked:bool created_at:ts description:str? scopes:[str] user_id:int last_used_at:ts?
    active:bool expires_at:date?"""

ENTITIES = {name: rows(text) for name, text in {
    "PipelineBasic": PIPELINE_BASIC,
    "PipelineInList": PIPELINE_BASIC + " name:str?",
    "Pipeline": PIPELINE,
    "PipelineWithMetadata": PIPELINE + " name:str?",
    "EnvironmentBasic": ENVIRONMENT_BASIC,
    "Environment": ENVIRONMENT_BASIC + """ project:any~ last_deployment:any~ tier:str state:str auto_stop_at:ts?
        cluster_agent:any kubernetes_namespace:str? flux_resource_path:str? description:str? auto_stop_setting:str""",
    "Deployment": """id:int iid:int ref:str sha:str created_at:ts updated_at:ts user:UserBasic?
        environment:EnvironmentBasic deployable:any status:str""",
    "JobBasic": JOB_BASIC,
    "Job": JOB_BASIC + """ artifacts_file:ArtifactsFile~ artifacts:[JobArtifact] runner:Runner? runner_manager:RunnerManager?
        artifacts_expire_at:ts? tag_list:[str] icon:str?~ pending_reason:str?~@""",
    "Bridge": JOB_BASIC + " failure_message:str~ downstream_pipeline:PipelineBasic?",
    "JobProject": "ci_job_token_scope_enabled:bool",
    "ArtifactsFile": "filename:str size:int",
    "JobArtifact": "file_type:str size:int filename:str file_format:str?",
    "Runner": """id:int description:str? ip_address:str? active:bool paused:bool is_shared:bool runner_type:str name:str?
        online:bool? created_by:UserBasic?~ created_at:ts~ status:str job_execution_status:str~""",
    "RunnerManager": """id:int system_id:str version:str? revision:str? platform:str? architecture:str? created_at:ts
        contacted_at:ts? ip_address:str? status:str job_execution_status:str~""",
    "PipelineSchedule": SCHEDULE,
    "PipelineScheduleDetails": SCHEDULE + " last_pipeline:PipelineBasic? variables:[Variable]~",
    "Variable": "variable_type:str key:str value:str? raw:bool",
    "Trigger": """id:int token:str description:str created_at:ts updated_at:ts last_used:ts? expires_at:ts?~
        owner:UserBasic?""",
    "DetailedStatus": """icon:str text:str label:str group:str tooltip:str has_details:bool details_path:str?
        illustration:hash? favicon:str action:hash~""",
    "UserBasic": USER_BASIC,
    "User": USER,
    "Commit": """id:str short_id:str created_at:git_ts parent_ids:[str] title:str message:str author_name:str
        author_email:str authored_date:git_ts committer_name:str committer_email:str committed_date:git_ts trailers:hash
        extended_trailers:hash web_url:str""",
    "PersonalAccessToken": TOKEN + " last_used_ips:[str]~@",
    "NewPersonalAccessToken": TOKEN + " last_used_ips:[str]~@ token:str",
    "ResourceAccessToken": TOKEN + " access_level:int@ resource_type:str@ resource_id:int@ last_used_ips:[str]~@ token:str~",
    "Member": USER_BASIC + """ access_level:int created_at:ts created_by:UserBasic~ expires_at:date? email:str~
        is_using_seat:bool~ group_saml_identity:hash?~ membership_state:str member_role:hash?~""",
    "NamespaceBasic": "id:int name:str path:str kind:str full_path:str parent_id:int? avatar_url:str? web_url:str",
    "TestReport": """total_time:num total_count:int success_count:int failed_count:int skipped_count:int error_count:int
        test_suites:[any]""",
    "TestReportSummary": "total:hash test_suites:[any]",
}.items()}

SIMPLE = {
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "num": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "ts": lambda value: isinstance(value, str) and TIMESTAMP.fullmatch(value),
    "git_ts": lambda value: isinstance(value, str) and GIT_TIMESTAMP.fullmatch(value),
    "date": lambda value: isinstance(value, str) and DATE.fullmatch(value),
    "hash": lambda value: isinstance(value, dict),
    "any": lambda value: True,
}


def check_type(kind, value, where):
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind.startswith("["):
        assert isinstance(value, list), f"{where} is not a list: {value!r}"
        for number, item in enumerate(value):
            check_type(kind[1:-1], item, f"{where}[{number}]")
    elif kind in SIMPLE:
        assert SIMPLE[kind](value), f"{where} is not {kind}: {value!r}"
    else:
        check_entity(kind, value, where)


def check_entity(name, value, where=None):
    """Asserts that `value` has the entity's keys, in order, with the right types; answers it."""
    where = where or name
    assert isinstance(value, dict), f"{where} is not an object: {value!r}"
    table = {key: kind for key, kind in ENTITIES[name]}
    floating = {key for key, kind in table.items() if "@" in kind}
    optional = {key for key, kind in table.items() if "~" in kind}
    missing = [key for key in table if key not in value and key not in optional]
    unknown = [key for key in value if key not in table]
    assert not missing, f"{where} lacks {missing}"
    assert not unknown, f"{where} has unknown keys {unknown}"
    order = [key for key in value if key not in floating]
    expected = [key for key in table if key in value and key not in floating]
    assert order == expected, f"{where} has its keys in another order:\n{order}\n{expected}"
    for key, kind in table.items():
        if key in value:
            check_type(kind.rstrip("~@"), value[key], f"{where}.{key}")
    return value


def check_list(name, values):
    assert isinstance(values, list), f"not a list: {values!r}"
    for number, value in enumerate(values):
        check_entity(name, value, f"{name}[{number}]")
    return values
