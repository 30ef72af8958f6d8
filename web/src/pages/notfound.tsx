/** Said of what is not there, and of what the reader may not see: the same. */
import type { Route } from '../lib/router';
import { useTitle } from '../lib/title';
import { Empty } from '../ui/parts';
import { Frame } from '../ui/frame';

export function NotFound({ route }: { route: Route | null }) {
  useTitle('Not found: Penstock');
  return (
    <Frame route={route && 'project' in route ? null : route}>
      <main id="main">
        <div class="head"><h1>Nothing is here</h1></div>
        <section class="panel">
          <Empty action={<a class="btn" href="/">Go home</a>}>This address shows nothing, or nothing that you may see.</Empty>
        </section>
      </main>
    </Frame>
  );
}
