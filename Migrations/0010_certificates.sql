-- The certificate authority for local stacks.
create table certificate_authorities (
    -- There is one.
    id text primary key check (id = 'local'),
    -- X.509 in DER, sealed under a master key: not for secrecy, but so that one written by somebody else is never trusted.
    certificate bytea not null,
    -- Sealed under a master key.
    private_key bytea not null,
    -- The revocation list in force (RFC 5280 §5): DER, signed by the authority.
    revocation_list bytea not null,
    revocation_list_number bigint not null,
    revocation_list_expires_at timestamptz not null,
    created_at timestamptz not null
);

-- What it has issued.
create table certificates (
    -- Hexadecimal.
    serial text primary key,
    -- SHA-256 of the certificate.
    thumbprint bytea not null,
    purpose text not null check (purpose in ('client', 'server')),
    -- Whom it stands for where it is shown without anything else. An erased client's certificate stands for nobody, and can still be revoked.
    client_id text references clients (client_id) on delete set null,
    scopes text[] not null,
    names text[] not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text,
    created_at timestamptz not null
);

create unique index certificates_thumbprint on certificates (thumbprint);
create index certificates_client on certificates (client_id) where client_id is not null;
create index certificates_expires_at on certificates (expires_at);
create index certificates_revoked on certificates (revoked_at, serial) where revoked_at is not null;

-- What the refresh tokens of a grant are bound to, as kind:value (RFC 8705 §4); null: nothing.
alter table grants add column sender_constraint text;

-- Clients that are found by a name in their certificate (RFC 8705 §2.1).
create index clients_by_certificate on clients (client_id) where metadata ->> 'token_endpoint_auth_method' = 'tls_client_auth';

-- As v1; what the refresh tokens of the grant are bound to is written down with the redemption, before there is any of them.
create function authorization_code_redeem_v2(
    presented bytea, client text, now timestamptz, access_until timestamptz,
    refresh_hash bytea, refresh_expires_at timestamptz, new_sender_constraint text,
    event_id uuid, address text
) returns text
language plpgsql as $$
declare
    code authorization_codes;
    family grants;
begin
    select * into code from authorization_codes where code_hash = presented;
    if not found then
        return 'unknown';
    end if;
    select * into family from grants where id = code.grant_id for no key update;
    if family.client_id <> client then
        return 'other_client';
    end if;
    -- Read again under the family's lock: another redemption may have come first.
    select * into code from authorization_codes where code_hash = presented;
    if code.redeemed_at is not null then
        if grant_revoke_v1(family.id, 'authorization_code_reuse', now, access_until) then
            insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
            values (event_id, now, 'authorization_code.reused', family.user_id, client, family.session_id, family.id, address);
        end if;
        return 'reused';
    end if;
    if code.expires_at <= now then
        return 'expired';
    end if;
    if family.revoked_at is not null then
        return 'revoked';
    end if;
    if not exists (select from users where id = family.user_id and disabled_at is null) then
        return 'user_disabled';
    end if;
    if not family.offline and not exists (
        select from sessions where id = family.session_id and ended_at is null and expires_at > now) then
        return 'session_ended';
    end if;
    update authorization_codes set redeemed_at = now where code_hash = presented;
    if new_sender_constraint is not null then
        update grants set sender_constraint = new_sender_constraint where id = family.id;
    end if;
    if refresh_hash is not null then
        insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
        values (refresh_hash, family.id, now, least(refresh_expires_at, family.expires_at));
    end if;
    insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
    values (event_id, now, 'authorization_code.redeemed', family.user_id, client, family.session_id, family.id, address);
    return 'redeemed';
end
$$;

-- As v1; a bound token answers only the sender that it is bound to. Whoever can't prove to be that sender has shown nothing but that they
-- hold a copy: they learn nothing, change nothing, and in particular revoke nothing.
create function refresh_token_rotate_v2(
    presented bytea, client text, now timestamptz, grace_from timestamptz, access_until timestamptz,
    presented_constraint text, requested_scopes text[], requested_audiences text[],
    salt bytea, key_id text, successor bytea, successor_expires_at timestamptz,
    event_id uuid, address text,
    out verdict text, out grant_id uuid, out user_id uuid, out session_id uuid, out scopes text[], out audiences text[],
    out authenticated_at timestamptz, out methods text[], out roles text[], out offline boolean,
    out successor_salt bytea, out successor_key_id text
)
language plpgsql as $$
declare
    token refresh_tokens;
    family grants;
    person_roles text[];
    person_disabled timestamptz;
begin
    select t.grant_id into grant_id from refresh_tokens t where t.token_hash = presented;
    if not found then
        verdict := 'unknown';
        return;
    end if;
    select * into family from grants g where g.id = refresh_token_rotate_v2.grant_id for no key update;
    if family.client_id <> client then
        verdict := 'other_client';
        return;
    end if;
    if family.sender_constraint is not null and family.sender_constraint is distinct from presented_constraint then
        verdict := 'other_sender';
        return;
    end if;
    select * into token from refresh_tokens t where t.token_hash = presented;
    if not found then
        verdict := 'unknown';
        return;
    end if;
    user_id := family.user_id;
    session_id := family.session_id;
    scopes := family.scopes;
    audiences := family.audiences;
    authenticated_at := family.authenticated_at;
    methods := family.methods;
    offline := family.offline;
    if family.revoked_at is not null then
        verdict := 'revoked';
        return;
    end if;
    if token.rotated_at is not null and token.rotated_at <= grace_from then
        perform grant_revoke_v1(family.id, 'refresh_token_reuse', now, access_until);
        insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
        values (event_id, now, 'refresh_token.reused', family.user_id, client, family.session_id, family.id, address);
        verdict := 'reused';
        return;
    end if;
    if token.expires_at <= now or family.expires_at <= now then
        verdict := 'expired';
        return;
    end if;
    select u.roles, u.disabled_at into person_roles, person_disabled from users u where u.id = family.user_id;
    if person_disabled is not null then
        verdict := 'user_disabled';
        return;
    end if;
    roles := person_roles;
    if not family.offline and not exists (
        select from sessions s where s.id = family.session_id and s.ended_at is null and s.expires_at > now) then
        verdict := 'session_ended';
        return;
    end if;
    if not requested_scopes <@ family.scopes then
        verdict := 'scope_exceeded';
        return;
    end if;
    if not requested_audiences <@ family.audiences then
        verdict := 'audience_exceeded';
        return;
    end if;
    if token.rotated_at is not null then
        -- A node whose clock is ahead may have erased it early: that is nobody's theft.
        if token.successor_salt is null then
            verdict := 'expired';
            return;
        end if;
        successor_salt := token.successor_salt;
        successor_key_id := token.successor_key_id;
        verdict := 'replayed';
        return;
    end if;
    update refresh_tokens t set rotated_at = now, successor_salt = salt, successor_key_id = key_id where t.token_hash = presented;
    insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
    values (successor, family.id, now, least(successor_expires_at, family.expires_at));
    insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
    values (event_id, now, 'refresh_token.rotated', family.user_id, client, family.session_id, family.id, address);
    verdict := 'rotated';
end
$$;
