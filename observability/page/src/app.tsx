// The page as a whole: the frame, and which page stands in it.

import { useEffect, useRef } from 'preact/hooks';
import { connect, retryNow } from './live/connection';
import { keepFocus } from './live/focus';
import { useLink } from './live/hooks';
import { followLinks, usePlace } from './live/navigation';
import { type Route, route } from './lib/route';
import { Contracts } from './pages/Contracts';
import { Failures } from './pages/Failures';
import { Fleet } from './pages/Fleet';
import { InstancePage } from './pages/Instance';
import { Instances } from './pages/Instances';
import { Where } from './pages/Where';
import { Workflow } from './pages/Workflow';
import { Banner, Header } from './ui/Header';
import { Empty, Unlock } from './ui/states';

export function App() {
  const place = usePlace();
  const link = useLink();
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(place.path);
  const shown = route(place.path);

  useEffect(() => {
    const stop = new AbortController();
    void connect(stop.signal);
    document.addEventListener('click', followLinks);
    const letGo = keepFocus();
    return () => {
      stop.abort();
      letGo();
      document.removeEventListener('click', followLinks);
    };
  }, []);

  useEffect(() => {
    document.title = `${title(shown)} · Choreograph`;
    // A reader of the screen hears that another page came; the focus stays where it is on the first one.
    if (arrived.current !== place.path) main.current?.focus({ preventScroll: true });
    arrived.current = place.path;
  }, [place.path]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header route={shown} place={place} />
      <Banner retry={retryNow} />
      <main id="main" tabIndex={-1} ref={main} class={`page-${shown.page}`}>
        {link.state === 'locked' ? <Unlock /> : <Shown route={shown} query={place.query} />}
      </main>
    </>
  );
}

function Shown({ route: shown, query }: { route: Route; query: URLSearchParams }) {
  switch (shown.page) {
    case 'fleet':
      return <Fleet />;
    case 'workflow':
      return <Workflow key={shown.name} name={shown.name} />;
    case 'instances':
      return <Instances query={query} />;
    case 'instance':
      return <InstancePage key={shown.id} id={shown.id} />;
    case 'failures':
      return <Failures query={query} />;
    case 'contracts':
      return <Contracts />;
    case 'where':
      return <Where key={shown.text} text={shown.text} />;
    case 'unknown':
      return (
        <Empty title="There is no such page">
          <p>
            Nothing stands at <code>{shown.path}</code>. Go to the <a href="/">fleet</a>, or press <kbd>/</kbd> to look for an
            instance.
          </p>
        </Empty>
      );
  }
}

function title(shown: Route): string {
  switch (shown.page) {
    case 'workflow':
      return shown.name;
    case 'instance':
      return shown.id;
    case 'where':
      return `Where is ${shown.text}`;
    case 'unknown':
      return 'No such page';
    default:
      return shown.page.charAt(0).toUpperCase() + shown.page.slice(1);
  }
}
