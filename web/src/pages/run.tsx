/** Start a pipeline: on which ref, of which type, with which variables. */
import { useRef, useState } from 'preact/hooks';
import { ApiError, post, projectPath } from '../api/client';
import type { Pipeline } from '../api/types';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { fetchRows, useProject } from '../lib/project';
import { link, navigate, useAddress } from '../lib/router';
import { useTitle } from '../lib/title';
import { Frame } from '../ui/frame';
import { Button, Icon } from '../ui/parts';
import { NotFound } from './notfound';

const TYPE = '_PIPELINE_FILE_NAME';

interface Given {
  key: string;
  value: string;
}

function VariableRows({ rows, onChange }: { rows: Given[]; onChange: (rows: Given[]) => void }) {
  const set = (at: number, part: Partial<Given>): void => onChange(rows.map((row, i) => (i === at ? { ...row, ...part } : row)));
  return (
    <section class="panel" aria-label="Variables">
      <header><h2>Variables</h2><Button kind="small" icon="plus" onClick={() => onChange([...rows, { key: '', value: '' }])}>Add a variable</Button></header>
      {rows.length === 0
        ? <p class="row sm muted">None. The pipeline takes the values of its file and of the project.</p>
        : <div class="form"><div class="vars">{rows.map((row, i) => [
          <input key={`k${i}`} class="input mono" aria-label={`Name of variable ${i + 1}`} placeholder="NAME" value={row.key} spellcheck={false} onInput={(event) => set(i, { key: event.currentTarget.value })} />,
          <input key={`v${i}`} class="input mono" aria-label={`Value of variable ${i + 1}`} placeholder="value" value={row.value} spellcheck={false} onInput={(event) => set(i, { value: event.currentTarget.value })} />,
          <Button key={`x${i}`} kind="ghost icon small" icon="x" label={`Take away variable ${i + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== i))} />,
        ])}</div></div>}
    </section>
  );
}

export function RunPage({ project }: { project: string }) {
  const { params } = useAddress();
  const about = useProject(project);
  const earlier = useLoad(`types ${project}`, () => fetchRows(project, { per_page: 100 }));
  const [ref, setRef] = useState<string | null>(params.get('ref'));
  const [type, setType] = useState(params.get('type') ?? '');
  const [rows, setRows] = useState<Given[]>([]);
  const [wrong, setWrong] = useState<{ field: 'ref' | 'run'; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const refField = useRef<HTMLInputElement>(null);
  useTitle(`Run a pipeline: ${project.split('/').pop()}`);
  const shownRef = ref ?? about.data?.default_branch ?? '';
  const types = [...new Set((earlier.data?.items ?? []).flatMap((row) => (row.name?.endsWith('-ci.yml') ? [row.name] : [])))];
  const run = async (): Promise<void> => {
    if (shownRef.trim() === '') {
      setWrong({ field: 'ref', text: 'Name the branch or tag to run on.' });
      refField.current?.focus();
      return;
    }
    setBusy(true);
    const variables = [...(type.trim() ? [{ key: TYPE, value: type.trim() }] : []), ...rows.filter((row) => row.key.trim() !== '')];
    try {
      const made = await post<Pipeline>(`${projectPath(project)}/pipeline`, { ref: shownRef.trim(), variables });
      navigate(link(project, 'pipelines', made.id));
    } catch (error) {
      setWrong({ field: 'run', text: error instanceof ApiError ? error.message : String(error) });
      setBusy(false);
    }
  };
  useKeys({ 'Ctrl Enter': () => void run() });
  if (about.error?.status === 404) return <NotFound route={null} />;
  return (
    <Frame route={{ page: 'run', project, id: null, view: '' }} place="Run a pipeline">
      <main id="main" class="narrow-page">
        <div class="head"><h1>Run a pipeline</h1></div>
        <form class="stack" onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}>
          <section class="panel form" aria-label="What to run">
            <div class="two">
              <div class="field"><label for="ref">Run on <span class="ty">branch or tag</span></label>
                <input class="input" id="ref" ref={refField} value={shownRef} spellcheck={false} aria-invalid={wrong?.field === 'ref' || undefined} aria-describedby={wrong?.field === 'ref' ? 'ref-wrong' : undefined} onInput={(event) => setRef(event.currentTarget.value)} />
                {wrong?.field === 'ref' && <p class="help err" id="ref-wrong" role="alert"><Icon name="st-failed" small />{wrong.text}</p>}</div>
              <div class="field"><label for="type">Pipeline type <span class="ty">a file ending in -ci.yml</span></label>
                <input class="input mono" id="type" value={type} spellcheck={false} placeholder="The project's own file" aria-describedby="type-help" onInput={(event) => setType(event.currentTarget.value)} />
                <p class="help" id="type-help">Empty: the file that the project names.</p></div>
            </div>
            {types.length > 0 && <div class="types" role="group" aria-label="Types that ran before">{types.map((each) => (
              <button type="button" key={each} class="type" aria-pressed={each === type} onClick={() => setType(each)}><span class="dot" /><span class="b mono clip">{each}</span></button>
            ))}</div>}
          </section>
          <VariableRows rows={rows} onChange={setRows} />
          {wrong?.field === 'run' && <div class="note st-failed" role="alert"><Icon name="st-failed" /><p><b>The pipeline was not made.</b> <code class="mono anywhere">{wrong.text}</code></p></div>}
          <Button type="submit" kind="primary tall" icon="play" busy={busy}>Run pipeline <kbd class="d-only">Ctrl Enter</kbd></Button>
        </form>
      </main>
    </Frame>
  );
}
