import type { Answer } from '../http.ts';
import { answer } from '../http.ts';

/**
 * The query plan that the SDK asks for beside every query of documents. There is one physical partition here, so that the
 * server does all the work and the plan leaves nothing for the client to merge.
 */
export function queryPlan(): Answer {
  return answer(200, {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: 'None',
      top: null,
      offset: null,
      limit: null,
      orderBy: [],
      orderByExpressions: [],
      groupByExpressions: [],
      groupByAliases: [],
      aggregates: [],
      groupByAliasToAggregateType: {},
      rewrittenQuery: '',
      hasSelectValue: false,
      hasNonStreamingOrderBy: false,
    },
    queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
  });
}
