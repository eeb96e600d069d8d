create table sessions (
    -- The `sid` of OpenID Connect; not secret. The cookie's token is stored as its SHA-256.
    id uuid primary key,
    token_hash bytea not null,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    -- When the person last proved who they are: `auth_time`.
    authenticated_at timestamptz not null,
    -- RFC 8176 values: `amr`.
    methods text[] not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    address text,
    user_agent text
);

create unique index sessions_token_hash on sessions (token_hash);
create index sessions_user on sessions (user_id, created_at);
create index sessions_expires_at on sessions (expires_at);

-- A sign-in under way: what the person still has to do, and where they were going.
create table sign_ins (
    id uuid primary key,
    handle_hash bytea not null,
    -- SHA-256 of the browser cookie: a handle works in the browser that began it.
    browser_hash bytea not null,
    return_to text not null,
    login_hint text,
    -- What the page says of the application that asked: name, logo, policy, terms.
    presented jsonb,
    -- The page offers to go on as who is signed in already (prompt=select_account).
    offers_present_account boolean not null default false,
    -- The person whose first factor has been proven, and the factors proven so far.
    user_id uuid references users (id) on delete cascade,
    completed text[] not null default '{}',
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create unique index sign_ins_handle_hash on sign_ins (handle_hash);
create index sign_ins_expires_at on sign_ins (expires_at);
