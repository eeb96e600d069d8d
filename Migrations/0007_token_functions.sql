-- A function's statements each see what was committed before them, so what follows a lock is judged on the state
-- that the lock protects. One call is one round trip. A function is never changed after it has landed: a new version gets a new name.

create function revocation_record_v1(kind text, subject text, not_before timestamptz, expires_at timestamptz) returns void
language plpgsql as $$
begin
    insert into revocations as held (kind, subject, not_before, expires_at)
    values (revocation_record_v1.kind, revocation_record_v1.subject, revocation_record_v1.not_before, revocation_record_v1.expires_at)
    on conflict on constraint revocations_pkey do update set
        -- Null revokes all, so it wins.
        not_before = case when held.not_before is null or excluded.not_before is null then null
                          else greatest(held.not_before, excluded.not_before) end,
        expires_at = greatest(held.expires_at, excluded.expires_at),
        transaction_id = pg_current_xact_id();
    perform pg_notify('gatehouse', 'revocations');
end
$$;

-- Ends a grant and, until `access_until`, the access tokens that it gave.
create function grant_revoke_v1(grant_id uuid, reason text, now timestamptz, access_until timestamptz) returns boolean
language plpgsql as $$
begin
    update grants set revoked_at = grant_revoke_v1.now, revoked_reason = grant_revoke_v1.reason
    where id = grant_revoke_v1.grant_id and revoked_at is null;
    if not found then
        return false;
    end if;
    perform revocation_record_v1('grant', grant_revoke_v1.grant_id::text, null, access_until);
    return true;
end
$$;

-- Ends everything that a person has under way: sessions, grants with their refresh tokens, and access tokens issued before `not_before`.
-- API keys that act for them are judged by their owner's state, of which the nodes are told.
create function user_revoke_v1(
    user_id uuid, reason text, now timestamptz, not_before timestamptz, access_until timestamptz
) returns void
language plpgsql as $$
begin
    update sessions set ended_at = user_revoke_v1.now where sessions.user_id = user_revoke_v1.user_id and ended_at is null;
    update grants set revoked_at = user_revoke_v1.now, revoked_reason = user_revoke_v1.reason
    where grants.user_id = user_revoke_v1.user_id and revoked_at is null;
    perform revocation_record_v1('user', user_revoke_v1.user_id::text, user_revoke_v1.not_before, access_until);
    perform pg_notify('gatehouse', 'api_keys');
end
$$;

-- Redeems a code once. A second use revokes what the first gave (RFC 6749 §4.1.2, RFC 9700 §4.5).
create function authorization_code_redeem_v1(
    presented bytea, client text, now timestamptz, access_until timestamptz,
    refresh_hash bytea, refresh_expires_at timestamptz,
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
    if refresh_hash is not null then
        insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
        values (refresh_hash, family.id, now, least(refresh_expires_at, family.expires_at));
    end if;
    insert into audit_events (id, occurred_at, kind, user_id, client_id, session_id, grant_id, address)
    values (event_id, now, 'authorization_code.redeemed', family.user_id, client, family.session_id, family.id, address);
    return 'redeemed';
end
$$;

-- Rotates a refresh token: locks the family, judges, inserts the successor and the audit row, returns the verdict.
-- A token rotated within the grace window answers 'replayed' with what its own successor is made from.
create function refresh_token_rotate_v1(
    presented bytea, client text, now timestamptz, grace_from timestamptz, access_until timestamptz,
    requested_scopes text[], requested_audiences text[],
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
    select * into family from grants g where g.id = refresh_token_rotate_v1.grant_id for no key update;
    if family.client_id <> client then
        verdict := 'other_client';
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
