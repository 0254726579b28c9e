{{- /* What both containers have in common. */ -}}
{{- define "okg.container" -}}
{{- $values := .root.Values -}}
image: {{ include "okg.image" .root | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
command: [okg, manager]
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: POD_UID
    valueFrom:
      fieldRef:
        fieldPath: metadata.uid
  - name: NODE_NAME
    valueFrom:
      fieldRef:
        fieldPath: spec.nodeName
  {{- with $values.network.totalWaitTime }}
  - name: NETWORK_TOTAL_WAIT_TIME
    value: {{ . | quote }}
  {{- end }}
  {{- with $values.network.probeIntervalTime }}
  - name: NETWORK_PROBE_INTERVAL_TIME
    value: {{ . | quote }}
  {{- end }}
livenessProbe:
  httpGet:
    path: /healthz
    port: {{ .health }}
  initialDelaySeconds: 5
  periodSeconds: 5
readinessProbe:
  httpGet:
    path: /readyz
    port: {{ .health }}
  initialDelaySeconds: 5
  periodSeconds: 5
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}
