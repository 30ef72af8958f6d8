/** The page's beginning: which page stands at the address. */
import './tokens.css';
import './app.css';
import './extra.css';
import { render } from 'preact';
import { startKeys } from './lib/keys';
import { applyTheme } from './lib/prefs';
import { parsePath, startRouter, useAddress } from './lib/router';
import { Home } from './pages/home';
import { JobPage } from './pages/job';
import { NotFound } from './pages/notfound';
import { PipelinePage } from './pages/pipeline';
import { PipelinesPage } from './pages/pipelines';
import { RunPage } from './pages/run';
import { WithSession } from './ui/session';

function Pages() {
  const route = parsePath(useAddress().path);
  if (!route) return <NotFound route={null} />;
  if (!('project' in route)) return <Home />;
  const { project, id, view } = route;
  switch (route.page) {
    case 'pipelines':
      return <PipelinesPage key={project} project={project} />;
    case 'pipeline':
      return <PipelinePage key={`${project} ${id}`} project={project} id={id as number} view={view} />;
    case 'job':
      return <JobPage key={project} project={project} id={id as number} view={view} />;
    case 'run':
      return <RunPage key={project} project={project} />;
    default:
      return <NotFound route={route} />;
  }
}

applyTheme();
startRouter();
render(<WithSession><Pages /></WithSession>, document.getElementById('app') as HTMLElement);
startKeys();
