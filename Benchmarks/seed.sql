-- One family of refresh tokens for each of pgbench's clients, beside those of the server.
delete from grants where id::text like '00000000-0000-7000-8000-%';
insert into grants (id, client_id, user_id, session_id, offline, scopes, audiences, authenticated_at, methods, created_at, expires_at)
select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'app', (select id from users where username = 'bench'),
    gen_random_uuid(), true, '{openid,offline_access,read}', '{https://api.bench.example}', now(), '{pwd}', now(), now() + interval '90 days'
from generate_series(0, 63) n;
insert into refresh_tokens (token_hash, grant_id, created_at, expires_at)
select sha256(convert_to('pgbench ' || n || ' 0', 'UTF8')), ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now(),
    now() + interval '7 days'
from generate_series(0, 63) n;
