create table api_keys (
    -- Names the key; not secret.
    key_id text primary key,
    -- SHA-256 of the whole key.
    secret_hash bytea not null,
    -- live, test, pub: ours; imported: made by another system, known by its hash alone.
    kind text not null check (kind in ('live', 'test', 'pub', 'imported')),
    user_id uuid references users (id) on delete cascade,
    client_id text references clients (client_id) on delete cascade,
    name text not null,
    scopes text[] not null,
    audiences text[] not null default '{}',
    -- CIDR; empty: from anywhere.
    networks text[] not null default '{}',
    limit_burst integer check (limit_burst > 0),
    limit_per_minute double precision check (limit_per_minute > 0),
    expires_at timestamptz,
    revoked_at timestamptz,
    -- The key that took its place; it works on until it expires.
    successor_id text,
    last_used_at timestamptz,
    created_at timestamptz not null,
    check ((user_id is null) <> (client_id is null))
);

create unique index api_keys_secret_hash on api_keys (secret_hash);
create index api_keys_user on api_keys (user_id, key_id) where user_id is not null;
create index api_keys_client on api_keys (client_id, key_id) where client_id is not null;
