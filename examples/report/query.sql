SELECT campaign, count(*) AS days, sum(clicks::BIGINT)::BIGINT AS clicks
FROM clicks
GROUP BY ALL
ORDER BY campaign
