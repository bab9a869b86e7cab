{{- /* How the ingress class redirects HTTP to HTTPS; empty where the chart does not know. */}}
{{- define "rtscore.redirectBy" -}}
{{- get (dict
  "traefik" "middleware"
  "nginx" "nginx"
  "webapprouting.kubernetes.azure.com" "nginx"
  "azure-application-gateway" "appgw"
) .Values.ingress.className }}
{{- end }}

{{- define "rtscore.redirects" -}}
{{- with .Values.ingress }}{{- if and .enabled .tls.enabled .redirect }}true{{ end }}{{ end }}
{{- end }}

{{- /* The class's annotations under the user's, which win; Traefik's middlewares join. */}}
{{- define "rtscore.ingressAnnotations" -}}
{{- $annotations := deepCopy (default (dict) .Values.ingress.annotations) }}
{{- $by := include "rtscore.redirectBy" . }}
{{- $redirects := include "rtscore.redirects" . }}
{{- if eq $by "nginx" }}
{{- /* The server itself refuses a body that is too large, before it is sent. */}}
{{- $annotations = merge $annotations (dict
  "nginx.ingress.kubernetes.io/proxy-body-size" "0"
  "nginx.ingress.kubernetes.io/proxy-request-buffering" "off"
  "nginx.ingress.kubernetes.io/ssl-redirect" (ternary "true" "false" (eq $redirects "true"))
) }}
{{- else if and $redirects (eq $by "appgw") }}
{{- $annotations = merge $annotations (dict "appgw.ingress.kubernetes.io/ssl-redirect" "true") }}
{{- else if and $redirects (eq $by "middleware") }}
{{- $key := "traefik.ingress.kubernetes.io/router.middlewares" }}
{{- $ours := printf "%s-%s@kubernetescrd" .Release.Namespace (include "rtscore.fullname" .) }}
{{- $_ := set $annotations $key (compact (list $ours (get $annotations $key)) | join ",") }}
{{- end }}
{{- with $annotations }}{{ toYaml . }}{{ end }}
{{- end }}
