-- Words are found in titles and in metadata, too (docs/adr/0077-words-beside-the-text-are-found-and-weigh-otherwise.md). What a node's text is made
-- of stays as it is. By itself, since reads wait for it as well: for a moment, and not while rows are written.

-- The words in some text that its parser hides, with spaces between them: it takes `client/server`, `word.Another` and the like for one word, a path or a
-- host, and `-85` of `1984-85` for a number of its own; what is decomposed, or has soft hyphens or other characters without a width, is another word than
-- the same written otherwise. Each that hides words is taken once, in their order, and the whole is cut. Tags are left out, as there. Every pattern is read
-- from one end to the other: the time is that of reading the text.
create function hidden_words(words text) returns text
language plpgsql immutable strict parallel safe as $$
declare
  -- A point in a number with one hides nothing.
  hides constant text := '/[[:alnum:]]|[[:alpha:]][[:digit:]]*[.][[:alnum:]]|[[:alnum:]][.][[:alpha:]]|[[:digit:]][.][[:digit:]]+[.][[:digit:]]'
    || U&'|[[:alnum:]]~[[:alnum:]]|[[:alnum:]][-+][[:digit:]]|[\00AD\200B-\200D\2060\FEFF]';
begin
  if words !~ hides and words is nfc normalized then
    return '';
  end if;
  return coalesce((
    -- What divides becomes a space, and what has no width goes.
    select left(string_agg(translate(normalize(token), U&'/.~@+-_\00AD\200B\200C\200D\2060\FEFF', '       '), ' ' order by place), 10000)
    from (
      select token, min(place) as place
      from regexp_split_to_table(regexp_replace(words, '<[a-zA-Z/!?][^<>]*>', ' ', 'g'), '[\s,;:!?()"<>]+') with ordinality as split(token, place)
      where token ~ hides or token is not nfc normalized
      group by token) as hiding), '');
end $$;

-- The words of a node beside those that its text shows: of its title (A), of the values of its metadata (C), and those that its text hides, without a
-- label as the text's own. Null where there are none. All are cut long before a tsvector is full; with the longest text that is kept they fit into one.
create function words_beside(props jsonb, metadata jsonb, content text) returns tsvector
language plpgsql immutable parallel safe as $$
declare
  titles constant text[] := '{title,job_title,current_title}';
  hidden constant text := wardgraph.hidden_words(coalesce(content, ''));
  title text;
  about text;
begin
  if metadata = '{}' and not props ?| titles and hidden = '' then
    return null;
  end if;
  title := coalesce((
    select left(props ->> key, 2000) from unnest(titles) with ordinality as named(key, place)
    where jsonb_typeof(props -> key) = 'string' and props ->> key ~ '\S' order by place limit 1), '');
  about := coalesce((
    select left(string_agg(value #>> '{}', E'\n'), 10000)
    from jsonb_path_query(metadata, 'strict $.** ? (@.type() == "string" || @.type() == "number")') as value), '');
  return nullif(
    setweight(to_tsvector('pg_catalog.english'::regconfig, wardgraph.hidden_words(title) || ' ' || title), 'A')
    || setweight(to_tsvector('pg_catalog.english'::regconfig, wardgraph.hidden_words(about) || ' ' || about), 'C')
    || to_tsvector('pg_catalog.english'::regconfig, hidden),
    '');
end $$;
revoke all on function hidden_words(text), words_beside(jsonb, jsonb, text) from public;
grant execute on function hidden_words(text), words_beside(jsonb, jsonb, text) to wardgraph_app, wardgraph_admin;

-- Written by the statements that write nodes: a generated column would have every row written anew while nobody reads.
alter table nodes add column beside_search tsvector;

-- The owner sees rows only while nothing is forced on him: until the next migration but one.
alter table nodes no force row level security;
