-- A browser's session at one protected host. It counts as long as the person's session does.
create table door_sessions (
    -- SHA-256 of the cookie's token.
    token_hash bytea primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    -- No reference: the grant of a code may be erased before.
    grant_id uuid not null,
    -- Scheme, host and port that it counts for.
    origin text not null,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index door_sessions_session on door_sessions (session_id);
create index door_sessions_expires_at on door_sessions (expires_at);
