/** Who is signed in, and the panel that asks. */
import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, post, remove, setSignInAgain, setToken } from '../api/client';
import type { Session, User } from '../api/types';
import { navigate } from '../lib/router';
import { Button, Dialog, Icon } from './parts';

interface Known {
  user: User;
  signOut: () => Promise<void>;
}

const Context = createContext<Known | null>(null);

export function useSession(): Known {
  const known = useContext(Context);
  if (!known) throw new Error('no session here');
  return known;
}

/** Signs in; true: a cookie was set. A server without sessions takes a token with each request instead. */
async function signIn(proof: Record<string, string>): Promise<User> {
  try {
    return (await post<Session>('/-/session', proof)).user;
  } catch (error) {
    const without = error instanceof ApiError && (error.status === 404 || error.status === 405);
    if (!without || proof['token'] === undefined) throw error;
  }
  setToken(proof['token']);
  try {
    return await get<User>('/user');
  } catch (error) {
    setToken(null);
    throw error;
  }
}

function wrongWords(error: unknown, byToken: boolean): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return byToken ? 'The token is wrong or has ended.' : 'User or password is wrong.';
  if (error.status === 429) return 'Too many tries. Wait a minute, then try again.';
  if (error.status === 404) return 'This server takes a token only.';
  return error.message;
}

function SignInForm({ onDone, again }: { onDone: (user: User) => void; again?: boolean }) {
  const [byToken, setByToken] = useState(false);
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.focus(), [byToken]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const values = new FormData(form.current as HTMLFormElement);
    const text = (name: string): string => String(values.get(name) ?? '');
    setBusy(true);
    try {
      onDone(await signIn(byToken
        ? { token: text('token').trim() }
        : { username: text('username'), password: text('password') }));
    } catch (error) {
      setWrong(wrongWords(error, byToken));
      setBusy(false);
      form.current?.querySelector<HTMLInputElement>('input:last-of-type')?.focus();
    }
  };
  return (
    <form class="form signin-form" ref={form} onSubmit={submit}>
      <div class="flex signin-head">
        <svg class="signin-mark" viewBox="0 0 24 24" aria-hidden="true"><use href="#mark" /></svg>
        <h1>{again ? 'Sign in again' : 'Sign in to Penstock'}</h1>
      </div>
      {again && <p class="sm muted">Your session has ended. What you were doing goes on after this.</p>}
      {byToken
        ? <Field name="token" label="Token" type="password" autocomplete="off" help="A personal access token with the scope api." wrong={wrong} />
        : <>
          <Field name="username" label="User" type="text" autocomplete="username" />
          <Field name="password" label="Password" type="password" autocomplete="current-password" wrong={wrong} />
        </>}
      <Button type="submit" kind="primary tall" busy={busy}>Sign in</Button>
      <button type="button" class="linklike" onClick={() => {
        setWrong('');
        setByToken(!byToken);
      }}>{byToken ? 'Use a password' : 'Use a token'}</button>
    </form>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type: 'text' | 'password';
  autocomplete: string;
  help?: string;
  wrong?: string;
}

function Field({ name, label, type, autocomplete, help, wrong }: FieldProps) {
  const said = [help && `${name}-help`, wrong && `${name}-wrong`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input class="input" id={name} name={name} {...(type === 'text' ? { type } : { type })} autocomplete={autocomplete} required
        aria-invalid={wrong ? true : undefined} aria-describedby={said || undefined} spellcheck={false} />
      {help && <p class="help" id={`${name}-help`}>{help}</p>}
      {wrong && <p class="help err" id={`${name}-wrong`} role="alert"><Icon name="st-failed" small />{wrong}</p>}
    </div>
  );
}

/** The secret of a one-time link; it leaves the address at once. */
function takeLink(): string | null {
  const found = /^#link=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', location.pathname);
  return found[1] ?? null;
}

type State = { now: 'asking' } | { now: 'out'; wrong?: string } | { now: 'in'; user: User };

/** Shows @children to those who are signed in, and the panel to the others. */
export function WithSession({ children }: { children: preact.ComponentChildren }) {
  const [state, setState] = useState<State>({ now: 'asking' });
  const [again, setAgain] = useState<(() => void) | null>(null);

  useEffect(() => {
    const link = takeLink();
    const first = link
      ? post<Session>('/-/session', { link })
      : get<Session>('/-/session');
    first.then((session) => setState({ now: 'in', user: session.user }), (error: unknown) => {
      const lost = error instanceof ApiError && error.status === 0;
      setState(lost ? { now: 'out', wrong: error.message }
        : { now: 'out', ...(link ? { wrong: 'This link was used before or has ended. Sign in another way.' } : {}) });
    });
  }, []);

  useEffect(() => {
    if (state.now !== 'in') return;
    let asked: Promise<void> | null = null;
    setSignInAgain(() => {
      asked ??= new Promise<void>((resolve) => {
        setAgain(() => () => {
          asked = null;
          setAgain(null);
          resolve();
        });
      });
      return asked;
    });
  }, [state.now]);

  const signOut = useCallback(async () => {
    await remove('/-/session').catch(() => null);
    setToken(null);
    navigate('/');
    setState({ now: 'out' });
  }, []);

  if (state.now === 'asking') return null;
  if (state.now === 'out') {
    return (
      <main class="signin" id="main">
        <section class="panel">
          {state.wrong && <p class="note st-failed" role="alert"><Icon name="st-failed" />{state.wrong}</p>}
          <SignInForm onDone={(user) => {
            if (location.pathname === '/-/sign_in') navigate('/', true);
            setState({ now: 'in', user });
          }} />
        </section>
      </main>
    );
  }
  return (
    <Context.Provider value={{ user: state.user, signOut }}>
      {children}
      {again && <Dialog title="Sign in again"><SignInForm again onDone={() => again()} /></Dialog>}
    </Context.Provider>
  );
}
