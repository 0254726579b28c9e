{{- define "okg.labels" -}}
app.kubernetes.io/name: okg
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "okg.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "okg.has-cloud-rights" -}}
{{- if kindIs "bool" .Values.rbac.cloud -}}
{{- if .Values.rbac.cloud }}yes{{ end -}}
{{- else if ne .Values.workload.backend "native" -}}
yes
{{- end -}}
{{- end -}}

{{- define "okg.config" -}}
{{- .Values.network.config | default (.Files.Get "files/config.toml") -}}
{{- end -}}
