/** What the API answers, as far as the page reads it. */
import type { Status } from '../lib/status';

export interface User {
  id: number;
  username: string;
  name: string;
  state: string;
  is_admin?: boolean;
}

export interface Session {
  id: number;
  user: User;
  created_at: string;
  last_used_at: string | null;
  expires_at: string;
  current: boolean;
}

export interface Project {
  id: number;
  name: string;
  description: string | null;
  path_with_namespace: string;
  name_with_namespace: string;
  default_branch: string | null;
  http_url_to_repo: string;
  last_activity_at: string;
  empty_repo: boolean;
  namespace: { name: string; full_path: string };
}

export interface Commit {
  id: string;
  short_id: string;
  title: string;
  message: string;
  author_name: string;
  created_at: string;
}

export interface PipelineRow {
  id: number;
  iid: number;
  project_id: number;
  sha: string;
  ref: string;
  status: Status;
  source: string;
  name: string | null;
  created_at: string;
  updated_at: string;
  web_url: string;
}

export interface Pipeline extends PipelineRow {
  tag: boolean;
  yaml_errors: string | null;
  user: User | null;
  started_at: string | null;
  finished_at: string | null;
  duration: number | null;
  queued_duration: number | null;
  coverage: string | null;
  detailed_status: { group: string; label: string };
}

export interface JobArtifact {
  file_type: string;
  size: number;
  filename: string;
  file_format: string | null;
}

export interface Job {
  id: number;
  name: string;
  stage: string;
  status: Status;
  ref: string;
  allow_failure: boolean;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  erased_at: string | null;
  duration: number | null;
  queued_duration: number | null;
  failure_reason?: string;
  failure_message?: string;
  user: User | null;
  commit: Commit | null;
  pipeline: PipelineRow;
  web_url: string;
  artifacts?: JobArtifact[];
  artifacts_expire_at?: string | null;
  runner?: { id: number; description: string | null } | null;
  tag_list?: string[];
  retried?: boolean;
  icon?: string;
  /** Only bridges: the pipeline that they made. */
  downstream_pipeline?: PipelineRow | null;
}

export interface Graph {
  stages: string[];
  jobs: { id: number; needs: number[] | null; usual_duration: number | null }[];
}

export interface Variable {
  key: string;
  value: string;
  variable_type: 'env_var' | 'file';
  raw?: boolean;
  protected?: boolean;
  masked?: boolean;
  hidden?: boolean;
  description?: string | null;
  environment_scope?: string;
}

export interface LintJob {
  name: string;
  stage: string;
  when?: string;
  allow_failure?: boolean;
  needs?: { name: string }[] | null;
}

export interface Lint {
  valid: boolean;
  errors: string[];
  warnings: string[];
  merged_yaml: string | null;
  jobs?: LintJob[];
}

export interface TestCase {
  status: 'success' | 'failed' | 'error' | 'skipped';
  name: string;
  classname: string | null;
  file: string | null;
  execution_time: number;
  system_output: string | null;
  stack_trace: string | null;
}

export interface TestReport {
  total_time: number;
  total_count: number;
  success_count: number;
  failed_count: number;
  skipped_count: number;
  error_count: number;
  test_suites: { name: string; total_count: number; failed_count: number; error_count: number; test_cases: TestCase[] }[];
}

export interface Schedule {
  id: number;
  description: string;
  ref: string;
  cron: string;
  cron_timezone: string;
  next_run_at: string | null;
  active: boolean;
  created_at: string;
  updated_at: string;
  owner: User | null;
  last_pipeline?: { id: number; status: Status } | null;
  variables?: Variable[];
  inputs?: { name: string; value: unknown }[];
  catch_up: 'latest' | 'none' | 'all';
  overlap_policy: 'allow' | 'skip' | 'queue' | 'cancel_previous';
  max_start_delay: number | null;
}

export interface Tick {
  id: number;
  tick_at: string;
  result: 'due' | 'waiting' | 'created' | 'failed' | 'skipped';
  reason: string | null;
  recorded_at: string;
  settled_at: string | null;
  backfill_id: number | null;
  pipeline: PipelineRow | null;
}

export interface TreeEntry {
  id: string;
  name: string;
  type: 'tree' | 'blob' | 'commit';
  path: string;
}

export interface Branch {
  name: string;
  default: boolean;
  commit: Commit;
}
