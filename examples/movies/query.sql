SELECT major_genre, count(*) AS movies, count(imdb_rating) AS rated, sum(worldwide_gross)::bigint AS gross
FROM movies
WHERE major_genre IS NOT NULL
GROUP BY major_genre
ORDER BY gross DESC
LIMIT 3
