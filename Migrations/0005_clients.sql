create table clients (
    client_id text primary key,
    -- SHA-256 of the client secret; null: a public client.
    secret_hash bytea,
    -- RFC 7591 §2 metadata, validated when it was written.
    metadata jsonb not null,
    -- declared: by the settings file; created: by the command line; registered: dynamically (RFC 7591).
    origin text not null check (origin in ('declared', 'created', 'registered')),
    -- Scopes that the client may ask for and audiences that its tokens may name.
    scopes text[] not null,
    audiences text[] not null default '{}',
    pkce_required boolean not null default true,
    -- ask: the person is asked for consent; implicit: the operator has answered for them.
    consent text not null default 'ask' check (consent in ('ask', 'implicit')),
    access_token_seconds integer check (access_token_seconds between 1 and 86400),
    access_token_algorithm text check (access_token_algorithm in ('ES256', 'RS256')),
    roles text[] not null default '{}',
    allowed_origins text[] not null default '{}',
    -- SHA-256 of the registration access token (RFC 7592).
    registration_token_hash bytea,
    disabled_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- Web origins that clients registered: the CORS allow-list.
create table client_origins (
    origin text not null,
    client_id text not null references clients (client_id) on delete cascade,
    primary key (origin, client_id)
);

create index client_origins_client on client_origins (client_id);
