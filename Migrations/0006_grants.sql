-- What a person has allowed an application, remembered.
create table consents (
    user_id uuid not null references users (id) on delete cascade,
    client_id text not null references clients (client_id) on delete cascade,
    scopes text[] not null,
    granted_at timestamptz not null,
    primary key (user_id, client_id)
);

create index consents_client on consents (client_id);

-- An authorization request that waits for a person: kept as it was sent.
create table authorization_requests (
    id uuid primary key,
    handle_hash bytea not null,
    -- SHA-256 of the browser cookie; null until the browser that brought a cross-site POST comes back with its cookies.
    browser_hash bytea,
    client_id text not null references clients (client_id) on delete cascade,
    parameters text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create unique index authorization_requests_handle_hash on authorization_requests (handle_hash);
create index authorization_requests_expires_at on authorization_requests (expires_at);
create index authorization_requests_client on authorization_requests (client_id);

-- One authorization by one person for one client. It is the family of the refresh tokens that descend from it:
-- every revocation updates this row, and every rotation locks it.
create table grants (
    id uuid primary key,
    client_id text not null references clients (client_id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    session_id uuid not null,
    -- offline_access: outlives the session.
    offline boolean not null,
    scopes text[] not null,
    audiences text[] not null,
    -- The `claims` parameter (OpenID Connect Core §5.5), or null.
    claims jsonb,
    authenticated_at timestamptz not null,
    methods text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text
) with (fillfactor = 90);

create index grants_user on grants (user_id);
create index grants_session on grants (session_id);
create index grants_client on grants (client_id);
create index grants_expires_at on grants (expires_at);

create table authorization_codes (
    code_hash bytea primary key,
    grant_id uuid not null references grants (id) on delete cascade,
    -- Null when the request named none (RFC 6749 §4.1.3).
    redirect_uri text,
    code_challenge text,
    nonce text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    redeemed_at timestamptz
);

create index authorization_codes_grant on authorization_codes (grant_id);
create index authorization_codes_expires_at on authorization_codes (expires_at);

create table refresh_tokens (
    token_hash bytea primary key,
    grant_id uuid not null references grants (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    rotated_at timestamptz,
    -- With these the successor can be made again during the grace window; erased after it.
    successor_salt bytea,
    successor_key_id text
) with (fillfactor = 90);

create index refresh_tokens_grant on refresh_tokens (grant_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);
create index refresh_tokens_salted on refresh_tokens (rotated_at) where successor_salt is not null;

-- What no longer holds although its signature does. Every node keeps these rows in memory until the last token
-- that they touch has expired. A null not_before revokes all; otherwise tokens issued before it.
create table revocations (
    kind text not null check (kind in ('token', 'grant', 'session', 'user', 'client')),
    subject text not null,
    not_before timestamptz,
    expires_at timestamptz not null,
    -- So that nodes can ask for what is new, however long the transaction took that recorded it.
    transaction_id xid8 not null default pg_current_xact_id(),
    primary key (kind, subject)
);

create index revocations_transaction_id on revocations (transaction_id);
create index revocations_expires_at on revocations (expires_at);
