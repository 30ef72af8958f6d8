/** Statuses of the API, and the word, colour class and silhouette that the page gives each. */

export type Status =
  | 'created' | 'waiting_for_resource' | 'preparing' | 'waiting_for_callback' | 'pending' | 'running'
  | 'success' | 'failed' | 'canceling' | 'canceled' | 'skipped' | 'manual' | 'scheduled';

/** What is drawn: a status, or "passed, failures allowed". */
export type Look = Status | 'warning';

const WORDS: Record<Look, string> = {
  created: 'Created',
  waiting_for_resource: 'Waiting for resource',
  preparing: 'Preparing',
  waiting_for_callback: 'Waiting for callback',
  pending: 'Pending',
  running: 'Running',
  success: 'Passed',
  failed: 'Failed',
  canceling: 'Canceling',
  canceled: 'Canceled',
  skipped: 'Skipped',
  manual: 'Manual',
  scheduled: 'Delayed',
  warning: 'Passed with warnings',
};

export const word = (look: Look): string => WORDS[look] ?? look;

const ENDED: ReadonlySet<Look> = new Set(['success', 'failed', 'canceled', 'skipped', 'warning']);
const AT_WORK: ReadonlySet<Look> =
  new Set(['waiting_for_resource', 'preparing', 'waiting_for_callback', 'pending', 'running', 'canceling']);

/** Whether nothing more comes of it by itself or by a person's hand, but a retry. */
export const isEnded = (status: Look): boolean => ENDED.has(status);

/** Whether it changes by itself. */
export const isAtWork = (status: Look): boolean => AT_WORK.has(status);

export const isCancelable = (status: Look): boolean =>
  status !== 'canceling' && (isAtWork(status) || status === 'created' || status === 'scheduled' || status === 'manual');

/** How a job is drawn. */
export const jobLook = (job: { status: Status; allow_failure: boolean }): Look =>
  job.status === 'failed' && job.allow_failure ? 'warning' : job.status;

// The first that one of the jobs has is the look of them all; what needs a reader comes first.
const WORST: readonly Look[] = [
  'failed', 'running', 'preparing', 'pending', 'waiting_for_resource', 'waiting_for_callback', 'canceling',
  'scheduled', 'manual', 'created', 'canceled', 'warning', 'success', 'skipped',
];

/** The one look of several, which says the most urgent thing. */
export function worst(looks: readonly Look[]): Look {
  return WORST.find((look) => looks.includes(look)) ?? 'skipped';
}

const REASONS: Record<string, string> = {
  script_failure: 'The script failed',
  api_failure: 'The runner lost the server',
  stuck_or_timeout_failure: 'No runner took it in time',
  runner_system_failure: 'The runner failed, not the script',
  runner_unsupported: 'The runner cannot do what the job asks',
  job_execution_timeout: 'It ran longer than it may',
  archived_failure: 'The pipeline is too old to run again',
  unmet_prerequisites: 'Something it needs could not be prepared',
  scheduler_failure: 'It could not be given to a runner',
  data_integrity_failure: 'Its data is damaged',
  missing_dependency_failure: 'Artifacts that it needs are gone',
  bridge_pipeline_is_child_pipeline: 'A child of a child may have no further child',
  downstream_pipeline_creation_failed: 'Its pipeline could not be made',
  downstream_bridge_project_not_found: 'The project to trigger was not found',
  invalid_bridge_trigger: 'The trigger is not valid',
  insufficient_bridge_permissions: 'No right to run the pipeline that it triggers',
  upstream_bridge_project_not_found: 'The upstream project was not found',
  no_matching_runner: 'No runner has its tags',
  protected_environment_failure: 'The environment is protected',
  forward_deployment_failure: 'A newer deployment went before',
  user_blocked: 'Its user is blocked',
};

/** Why a job failed, in words; the API's own where we have none. */
export const reasonWords = (reason: string): string =>
  REASONS[reason] ?? reason.replaceAll('_', ' ').replace(/^./, (c) => c.toUpperCase());
