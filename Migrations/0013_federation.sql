-- expand
-- Identity providers of others that people may sign in with.
create table federation_providers (
    -- Stands in addresses: /sign-in/with/{id}.
    id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    -- What people read on the button.
    name text not null check (name <> ''),
    -- Which of the drawn icons stands for it.
    icon text not null,
    -- What the settings file says of it, without secrets.
    configuration jsonb not null,
    -- The client secret, or the private key that stands for one: sealed under a master key.
    secret bytea,
    -- The order of the buttons.
    position int not null,
    -- Declared in the settings file: reconciled at every start, removed by prune.
    declared boolean not null default false,
    -- Has left the file without prune: nobody signs in with it, what is linked stays linked.
    disabled_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- Whom a person is at a provider.
create table federated_identities (
    id uuid primary key,
    provider_id text not null references federation_providers (id) on delete cascade,
    -- The issuer that said so: a provider that is pointed elsewhere later doesn't speak for the people of the one before.
    issuer text not null,
    -- Never reassigned by the provider (OpenID Connect Core §2, `sub`).
    subject text not null check (length(subject) between 1 and 255),
    user_id uuid not null references users (id) on delete cascade,
    -- What the provider calls the person, so that they recognise the account: an address or a name, as of the last sign-in.
    label text,
    created_at timestamptz not null,
    last_used_at timestamptz not null
);

create unique index federated_identities_subject on federated_identities (provider_id, issuer, subject);
create index federated_identities_user on federated_identities (user_id);

-- A browser that has been sent to a provider and is expected back.
create table federation_flows (
    id uuid primary key,
    -- SHA-256 of `state`.
    state_hash bytea not null,
    provider_id text not null references federation_providers (id) on delete cascade,
    -- SHA-256 of the browser cookie: a state works in the browser that it was made for.
    browser_hash bytea not null,
    -- What the person was doing: signing in, …
    sign_in_id uuid references sign_ins (id) on delete cascade,
    -- … or, signed in, adding a way to sign in.
    session_id uuid references sessions (id) on delete cascade,
    -- Nonce, code verifier, the sign-in's handle: sealed under a master key.
    secrets bytea not null,
    -- What a cross-site POST brought (response_mode=form_post), until the browser comes for it by GET; sealed.
    delivery bytea,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    check ((sign_in_id is null) <> (session_id is null))
);

create unique index federation_flows_state_hash on federation_flows (state_hash);
create index federation_flows_expires_at on federation_flows (expires_at);
create index federation_flows_provider on federation_flows (provider_id);
create index federation_flows_sign_in on federation_flows (sign_in_id) where sign_in_id is not null;
create index federation_flows_session on federation_flows (session_id) where session_id is not null;

-- An identity that waits, within one sign-in, for the person to prove the account that it is to be linked with.
create table pending_identities (
    sign_in_id uuid primary key references sign_ins (id) on delete cascade,
    provider_id text not null references federation_providers (id) on delete cascade,
    -- Whose password is asked for.
    user_id uuid not null references users (id) on delete cascade,
    -- Issuer, subject, profile, tokens to keep: sealed under a master key.
    identity bytea not null,
    created_at timestamptz not null
);

create index pending_identities_provider on pending_identities (provider_id);
create index pending_identities_user on pending_identities (user_id);

-- Why a provider could not sign the person in, for the page to say: a word of a closed list, and the provider.
alter table sign_ins add column notice text;
alter table sign_ins add column notice_provider text;

-- Sessions that a provider vouched for, so that it can end them (OpenID Connect Back-Channel Logout).
create table federated_sessions (
    session_id uuid primary key references sessions (id) on delete cascade,
    identity_id uuid not null references federated_identities (id) on delete cascade,
    -- `sid` at the provider; null where it said none.
    upstream_session_id text,
    created_at timestamptz not null
);

create index federated_sessions_identity on federated_sessions (identity_id);
create index federated_sessions_upstream on federated_sessions (upstream_session_id) where upstream_session_id is not null;

-- Logout tokens that have been accepted: each counts once (OpenID Connect Back-Channel Logout §2.6).
create table logout_tokens (
    provider_id text not null references federation_providers (id) on delete cascade,
    -- SHA-256 of `jti`.
    token_hash bytea not null,
    expires_at timestamptz not null,
    primary key (provider_id, token_hash)
);

create index logout_tokens_expires_at on logout_tokens (expires_at);

-- A provider's tokens, kept only where its settings ask for it.
create table upstream_tokens (
    identity_id uuid primary key references federated_identities (id) on delete cascade,
    -- JSON with access_token, refresh_token, id_token, token_type, scope: sealed under a master key.
    tokens bytea not null,
    -- Of the access token; null where the provider said nothing.
    expires_at timestamptz,
    stored_at timestamptz not null
);

-- What the application asked of the sign-in, passed on to the provider (OpenID Connect Core §3.1.2.1).
alter table sign_ins add column prompt text;
alter table sign_ins add column domain_hint text;
