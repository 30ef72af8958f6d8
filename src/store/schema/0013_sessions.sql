-- 0013_sessions.sql: who is signed in with a browser, and links that sign in once.

CREATE TABLE sessions (
    id           {ID},
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_id     BIGINT REFERENCES access_tokens (id) ON DELETE CASCADE, -- what opened it; NULL: password or link
    secret_hash  TEXT NOT NULL UNIQUE,    -- of what the cookie holds
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,         -- written at most once in ten minutes
    created_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_token ON sessions (token_id) WHERE token_id IS NOT NULL;

-- A row goes with its use.
CREATE TABLE sign_in_links (
    id          {ID},
    user_id     BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id);
CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);
