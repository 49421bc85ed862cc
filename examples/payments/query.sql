SELECT c.address__city AS city, count(*) AS charges, sum(h.amount)::BIGINT AS amount,
  coalesce(sum(r.refunded), 0)::BIGINT AS refunded
FROM charges h
JOIN customers c ON c.id = h.customer
LEFT JOIN (SELECT _apiduct_parent_id AS charge, sum(amount) AS refunded FROM charges__refunds GROUP BY ALL) r
  ON r.charge = h._apiduct_id
GROUP BY ALL
ORDER BY city
