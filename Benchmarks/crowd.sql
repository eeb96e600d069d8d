-- A million people and ten million refresh tokens beside those of the load, as they lie after a week: of each person's ten the last is the
-- one that is good. Foreign keys are right by construction; checking each would take longer than all the rest.
set session_replication_role = replica;
set synchronous_commit = off;
set maintenance_work_mem = '512MB';
set work_mem = '256MB';
insert into users (id, username, email, email_verified, claims, created_at, updated_at)
select ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'crowd-' || n, 'crowd-' || n || '@bench.example', true,
    jsonb_build_object('name', 'Person ' || n), now(), now()
from generate_series(1, 1000000) n;
insert into grants (id, client_id, user_id, session_id, offline, scopes, audiences, authenticated_at, methods, created_at, expires_at)
select ('00000000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid, 'app', ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid,
    gen_random_uuid(), true, '{openid,offline_access,read}', '{https://api.bench.example}', now(), '{pwd}', now(), now() + interval '90 days'
from generate_series(1, 1000000) n;
insert into refresh_tokens (token_hash, grant_id, created_at, expires_at, rotated_at)
select hash, ('00000000-0000-7000-a000-' || lpad((n % 1000000 + 1)::text, 12, '0'))::uuid, born, born + interval '7 days',
    case when n >= 1000000 then born + interval '12 hours' end
from (
    select n, sha256(convert_to('crowd ' || n, 'UTF8')) as hash, now() - interval '12 hours' * (n / 1000000) as born
    from generate_series(0, 9999999) n
    order by hash
) crowd;
vacuum analyze users, grants, refresh_tokens;
-- What has been written goes to the disk now, not while the load runs.
checkpoint;
