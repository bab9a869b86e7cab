{{- define "rtscore.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 50 characters: "-metrics" and "keda-hpa-" must fit into the 63 of a name. */}}
{{- define "rtscore.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "rtscore.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "rtscore.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "rtscore.metricsName" -}}
{{ include "rtscore.fullname" . }}-metrics
{{- end }}

{{- define "rtscore.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rtscore.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- /* Takes the context; every object of the release carries these. */}}
{{- define "rtscore.labels" -}}
{{ include "rtscore.selectorLabels" . }}
{{ include "rtscore.descriptiveLabels" . }}
{{- end }}

{{- /* The same with more labels of one object; takes a dict of root and more. */}}
{{- define "rtscore.labelsWith" -}}
{{- merge (dict) (default (dict) .more) (include "rtscore.labels" .root | fromYaml) | toYaml }}
{{- end }}

{{- define "rtscore.descriptiveLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rtscore.image" -}}
{{- with .Values.image }}
{{- $variant := ternary "gpu" "cpu" (gt (int $.Values.gpu.count) 0) }}
{{- $name := list .registry .repository | compact | join "/" }}
{{- if .digest }}
{{- printf "%s@%s" $name .digest }}
{{- else }}
{{- printf "%s:%s" $name (default (printf "%s-%s" $.Chart.AppVersion $variant) .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "rtscore.serviceAccountName" -}}
{{- $made := ternary (include "rtscore.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{- define "rtscore.keysSecret" -}}
{{- default (printf "%s-keys" (include "rtscore.fullname" .)) .Values.apiKeys.existingSecret }}
{{- end }}

{{- /* "true" where an autoscaler, not the chart, decides on the number of pods. */}}
{{- define "rtscore.autoscaledBy" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.type }}{{ end }}
{{- end }}

{{- /* The pods' series in Prometheus, as a ServiceMonitor labels them. */}}
{{- define "rtscore.seriesSelector" -}}
namespace="{{ .Release.Namespace }}",job="{{ include "rtscore.metricsName" . }}"
{{- end }}

{{- /* Paths of the release at a shared host: its own models', and the rest where `shared` says so.
       Takes a dict of root and shared; gives a JSON list of {path, type}, types as in an Ingress. */}}
{{- define "rtscore.paths" -}}
{{- $paths := list }}
{{- range $model, $route := dict "faq" "/v1/faq" "image" "/v1/classify" }}
{{- if (get $.root.Values.models $model).enabled }}
{{- $paths = append $paths (dict "path" $route "type" "Exact") }}
{{- $paths = append $paths (dict "path" (printf "/v1/models/%s" $model) "type" "Exact") }}
{{- end }}
{{- end }}
{{- if .shared }}
{{- $paths = append $paths (dict "path" "/" "type" "Prefix") }}
{{- end }}
{{- toJson $paths }}
{{- end }}
