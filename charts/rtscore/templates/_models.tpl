{{- /* Where a model of one's own comes from: a claim, an image or a URL. */}}

{{- /* "claim", "copy" or, for a file in rtscore's image, nothing. Takes a model's values. */}}
{{- define "rtscore.model.source" -}}
{{- if not .enabled }}
{{- else if .existingClaim }}claim
{{- else if or .copyFrom.image .copyFrom.url }}copy
{{- end }}
{{- end }}

{{- define "rtscore.model.folder" -}}
/var/lib/rtscore/{{ . }}
{{- end }}

{{- /* The value of RTSCORE_FAQ_MODEL or RTSCORE_IMAGE_MODEL; empty switches the route off. Takes a
       dict of name ("faq" or "image") and model (its values). */}}
{{- define "rtscore.model.path" -}}
{{- $source := include "rtscore.model.source" .model }}
{{- if not .model.enabled }}
{{- else if eq $source "copy" }}
{{- include "rtscore.model.folder" .name }}/model.onnx
{{- else if eq $source "claim" }}
{{- include "rtscore.model.folder" .name }}/{{ .model.path }}
{{- else }}
{{- default (printf "/models/%s.onnx" .name) .model.path }}
{{- end }}
{{- end }}

{{- define "rtscore.models.volumes" -}}
{{- range $name, $model := .Values.models }}
{{- $source := include "rtscore.model.source" $model }}
{{- if $source }}
- name: {{ $name }}-model
  {{- if eq $source "claim" }}
  persistentVolumeClaim:
    claimName: {{ $model.existingClaim }}
    readOnly: true
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "rtscore.models.mounts" -}}
{{- range $name, $model := .Values.models }}
{{- if include "rtscore.model.source" $model }}
- name: {{ $name }}-model
  mountPath: {{ include "rtscore.model.folder" $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}

{{- define "rtscore.models.initContainers" -}}
{{- range $name, $model := .Values.models }}
{{- if eq (include "rtscore.model.source" $model) "copy" }}
{{- $target := include "rtscore.model.path" (dict "name" $name "model" $model) }}
- name: copy-{{ $name }}-model
  {{- if $model.copyFrom.image }}
  image: {{ $model.copyFrom.image | quote }}
  command: [cp, {{ $model.path | quote }}, {{ $target | quote }}]
  {{- else }}
  image: {{ include "rtscore.image" $ | quote }}
  command:
    - /opt/rtscore/bin/python
    - -c
    - {{ $.Files.Get "files/download.py" | quote }}
    - {{ $model.copyFrom.url | quote }}
    - {{ $target | quote }}
    - {{ $model.copyFrom.sha256 | quote }}
  {{- end }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  securityContext:
    {{- toYaml $.Values.securityContext | nindent 4 }}
  resources:
    {{- toYaml (default (dict) $.Values.resources) | nindent 4 }}
  volumeMounts:
    - name: {{ $name }}-model
      mountPath: {{ include "rtscore.model.folder" $name }}
    - name: tmp
      mountPath: /tmp
{{- end }}
{{- end }}
{{- end }}
