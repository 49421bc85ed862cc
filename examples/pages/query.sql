SELECT count(*) AS movies, count(DISTINCT director) AS directors, max(imdb_votes) AS most_votes
FROM movies
