import type { Answer, Call } from './http.ts';
import { answer } from './http.ts';

/**
 * The account's description, which every client reads first. The client goes on with the endpoint that it is given
 * here, so this must be the one that it used.
 */
export function readAccount(call: Call): Answer {
  const endpoint = `http://${call.headers.host ?? '127.0.0.1'}/`;
  const location = { name: 'Local', databaseAccountEndpoint: endpoint };
  return answer(200, {
    id: 'local',
    _rid: 'local',
    _self: '',
    _dbs: '//dbs/',
    writableLocations: [location],
    readableLocations: [location],
    enableMultipleWriteLocations: false,
    userConsistencyPolicy: { defaultConsistencyLevel: 'Strong' },
    userReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    systemReplicationPolicy: { minReplicaSetSize: 1, maxReplicasetSize: 1 },
    readPolicy: { primaryReadCoefficient: 1, secondaryReadCoefficient: 1 },
    queryEngineConfiguration: '{}',
  });
}
