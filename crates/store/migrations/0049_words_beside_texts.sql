-- Words are found in titles and in metadata, too (docs/adr/0077-words-beside-the-text-are-found-and-weigh-otherwise.md). What a node's text is made
-- of stays as it is. By itself, since reads wait for it as well: for a moment, and not while rows are written.

-- The words of a node that stand beside its text: of its title (A) and of the values of its metadata (C). Null where there are none. Both are cut
-- long before a tsvector is full; with the longest text that is kept they fit into one.
create function words_beside(props jsonb, metadata jsonb) returns tsvector
language plpgsql immutable strict parallel safe as $$
declare titles constant text[] := '{title,job_title,current_title}';
begin
  if metadata = '{}' and not props ?| titles then
    return null;
  end if;
  return nullif(
    setweight(to_tsvector('pg_catalog.english'::regconfig, coalesce((
      select left(props ->> key, 2000) from unnest(titles) with ordinality as named(key, place)
      where jsonb_typeof(props -> key) = 'string' and props ->> key ~ '\S' order by place limit 1), '')), 'A')
    || setweight(to_tsvector('pg_catalog.english'::regconfig, coalesce((
      select left(string_agg(value #>> '{}', E'\n'), 10000)
      from jsonb_path_query(metadata, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value), '')), 'C'),
    '');
end $$;
revoke all on function words_beside(jsonb, jsonb) from public;
grant execute on function words_beside(jsonb, jsonb) to wardgraph_app, wardgraph_admin;

-- Written by the statements that write nodes: a generated column would have every row written anew while nobody reads.
alter table nodes add column beside_search tsvector;

-- The owner sees rows only while nothing is forced on him: until the next migration but one.
alter table nodes no force row level security;
