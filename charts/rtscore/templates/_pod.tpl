{{- /* Settings of the server that the chart decides, then those of `settings`. JSON, since Helm
       would write a million as 1e+06. */}}
{{- define "rtscore.env" -}}
- name: RTSCORE_HOST
  value: 0.0.0.0
- name: RTSCORE_PORT
  value: "8000"
- name: RTSCORE_METRICS_PORT
  value: "9090"
- name: RTSCORE_FAQ_MODEL
  value: {{ include "rtscore.model.path" (dict "name" "faq" "model" .Values.models.faq) | quote }}
- name: RTSCORE_IMAGE_MODEL
  value: {{ include "rtscore.model.path" (dict "name" "image" "model" .Values.models.image) | quote }}
- name: RTSCORE_DEVICE
  value: {{ .Values.device }}
- name: RTSCORE_DRAIN_SECONDS
  value: {{ .Values.drainSeconds | quote }}
{{- if .Values.apiKeys.enabled }}
- name: RTSCORE_API_KEYS_DIR
  value: /etc/rtscore/keys
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: RTSCORE_{{ snakecase $name | upper }}
  value: {{ toJson $value | trimAll "\"" | quote }}
{{- end }}
{{- end }}

{{- define "rtscore.resources" -}}
{{- $resources := deepCopy (default (dict) .Values.resources) }}
{{- if .Values.gpu.count }}
{{- $limits := default (dict) $resources.limits }}
{{- $_ := set $limits .Values.gpu.resource (int .Values.gpu.count) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}

{{- define "rtscore.nodeSelector" -}}
{{- $gpu := ternary (default (dict) .Values.gpu.nodeSelector) (dict) (gt (int .Values.gpu.count) 0) }}
{{- /* A label that an overlay sets to null is not asked for. */}}
{{- $labels := dict }}
{{- range $label, $value := merge (dict) (default (dict) .Values.nodeSelector) $gpu }}
{{- if $value }}{{ $_ := set $labels $label $value }}{{ end }}
{{- end }}
{{- with $labels }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- /* Zones by affinity: a spread constraint passes over nodes without the label of any other. */}}
{{- define "rtscore.affinity" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 50
      podAffinityTerm:
        topologyKey: topology.kubernetes.io/zone
        labelSelector:
          matchLabels:
            {{- include "rtscore.selectorLabels" . | nindent 12 }}
{{- end }}

{{- define "rtscore.tolerations" -}}
{{- $gpu := ternary (default (list) .Values.gpu.tolerations) (list) (gt (int .Values.gpu.count) 0) }}
{{- with concat (default (list) .Values.tolerations) $gpu }}
{{- toYaml . }}
{{- end }}
{{- end }}
